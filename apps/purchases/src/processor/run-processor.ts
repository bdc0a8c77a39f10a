import { boundHeap } from '@chat-cluster/app-chat-node/bound-heap';
import { runProgram } from '@chat-cluster/app-chat-node/program';
import { endpointText, type NodeOptions, startWorker } from '@chat-cluster/node';
import type { ProcessorSettings } from './configuration.ts';
import { purchasesWorker } from './purchases-worker.ts';
import { startProcessor } from './start-processor.ts';
import { Terminal } from './terminal.ts';
import { workerOptions } from './worker-options.ts';

/** `chatcluster purchases processor`: one node of the purchases, until it is stopped. Tells what it does in lines on standard output. */
export async function runProcessor(settings: ProcessorSettings): Promise<void> {
  boundHeap();
  const terminal = new Terminal();
  await runProgram(async (onFatal) => {
    const processor = await startProcessor({
      endpoint: settings.endpoint,
      workers: workersOf(settings, terminal, onFatal),
      management: settings.access.management,
      frontEnd: settings.frontEnd,
      report: terminal.report,
    });
    const { access, frontEnd } = settings;
    const management = endpointText({ ...access.management, port: processor.managementPort });
    const asked = endpointText({ ...frontEnd, port: processor.frontEndPort });
    terminal.print(
      `Ready: node ${processor.endpoint}, management http://${management}, gRPC front end ${asked}.`,
    );
    return {
      stop: async () => {
        terminal.print('Stopping …');
        await processor.stop();
        terminal.print('Stopped. Its shards are with the others, if there are any.');
        terminal.flush();
      },
    };
  }, terminal.fatal);
}

function workersOf(
  settings: ProcessorSettings,
  terminal: Terminal,
  onFatal: (error: Error) => void,
): NodeOptions['workers'] {
  const { workerCount } = settings;
  if (workerCount > 1) {
    const module = new URL('worker-process.ts', import.meta.url);
    return { kind: 'processes', count: workerCount, module, settings };
  }
  const setup = purchasesWorker(
    workerOptions(settings, { print: terminal.print, report: terminal.report, onFatal }),
  );
  return { kind: 'here', start: (endpoint) => startWorker(setup, endpoint) };
}
