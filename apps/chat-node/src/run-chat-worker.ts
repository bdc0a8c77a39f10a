import { endpointText, startWorker } from '@chat-cluster/node';
import { boundHeap } from './bound-heap.ts';
import { chatWorker } from './chat-worker.ts';
import type { NodeSettings } from './configuration.ts';
import { openNodeLog } from './log/node-log.ts';
import { runWorker } from './run-worker.ts';
import { workerOptions } from './worker-options.ts';

/** One worker of a chat node that has several, in its own process. */
export async function runChatWorker(): Promise<void> {
  boundHeap();
  await runWorker((orders, fail) => {
    const { endpoint } = orders;
    const settings = orders.settings as NodeSettings;
    const log = openNodeLog(settings, { kind: 'worker', name: endpointText(endpoint) });
    return startWorker(chatWorker(workerOptions(settings, { log, onFatal: fail })), endpoint);
  });
}
