import { endpointText, startWorker } from '@chat-cluster/node';
import { boundHeap } from './bound-heap.ts';
import { chatWorker } from './chat-worker.ts';
import type { NodeSettings } from './configuration.ts';
import { nodeLogger } from './node-logger.ts';
import { runWorker } from './run-worker.ts';
import { workerOptions } from './worker-options.ts';

/** One worker of a chat node that has several, in its own process. */
export async function runChatWorker(): Promise<void> {
  boundHeap();
  await runWorker((orders, fail) => {
    const { endpoint } = orders;
    const settings = orders.settings as NodeSettings;
    const logger = nodeLogger(settings, endpointText(endpoint));
    return startWorker(chatWorker(workerOptions(settings, { logger, onFatal: fail })), endpoint);
  });
}
