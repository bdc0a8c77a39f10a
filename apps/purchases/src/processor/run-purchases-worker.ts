import { runWorker } from '@chat-cluster/app-chat-node';
import { boundHeap } from '@chat-cluster/app-chat-node/bound-heap';
import { startWorker } from '@chat-cluster/node';
import type { ProcessorSettings } from './configuration.ts';
import { purchasesWorker } from './purchases-worker.ts';
import { Terminal } from './terminal.ts';
import { workerOptions } from './worker-options.ts';

/** One worker of a processor that has several, in its own process. */
export async function runPurchasesWorker(): Promise<void> {
  boundHeap();
  const terminal = new Terminal();
  await runWorker((orders, onFatal) => {
    const settings = orders.settings as ProcessorSettings;
    const options = workerOptions(settings, {
      print: terminal.print,
      report: terminal.report,
      onFatal,
    });
    return startWorker(purchasesWorker(options), orders.endpoint);
  });
}
