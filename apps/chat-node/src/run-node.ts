import { endpointText } from '@chat-cluster/node';
import { boundHeap } from './bound-heap.ts';
import type { NodeSettings } from './configuration.ts';
import { openNodeLog } from './log/node-log.ts';
import { runProgram } from './program.ts';
import { startChatNode } from './start-chat-node.ts';
import { workerOptions } from './worker-options.ts';

/** `chatcluster node`: one node of a cluster, until it is stopped. Logs to standard output. */
export async function runNode(settings: NodeSettings): Promise<void> {
  boundHeap();
  const { access, groupId, httpPort, workerCount } = settings;
  const name = endpointText(settings.endpoint);
  const log = openNodeLog(settings, { kind: 'node', name });
  await runProgram(
    async (fail) => {
      const node = await startChatNode({
        endpoint: { ...settings.endpoint, secret: access.secret, tls: access.tls },
        workers:
          workerCount === 1
            ? { kind: 'here', options: workerOptions(settings, { log, onFatal: fail }) }
            : { kind: 'processes', count: workerCount, settings },
        httpPort,
        management: access.management,
        pageHtml: nodePage(name, access.management),
        report: log,
      });
      log('info', `Ready: node ${node.endpoint} of group ${groupId}.`, {
        httpPort: node.httpPort,
        managementPort: node.managementPort,
      });
      return node;
    },
    (sentence) => log('fatal', sentence),
  );
}

function nodePage(
  name: string,
  management: { readonly host: string; readonly port: number },
): string {
  const text = `Chat node ${name} is running. Operators: ${endpointText(management)}.`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Chat node</title>
<p>${text.replaceAll(/[<>&]/g, '')}</p></html>
`;
}
