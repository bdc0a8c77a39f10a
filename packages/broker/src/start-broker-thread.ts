import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { BrokerStartError } from './broker-start-error.ts';
import type { ThreadCommand, ThreadReport } from './broker-thread.ts';
import type { Broker, BrokerOptions } from './start-broker.ts';

/**
 * Starts a broker in a worker thread of its own, so that its work does not wait for the caller's, nor the other way
 * round. Otherwise like `startBroker`.
 *
 * `onError` is also told when the thread stops without having been asked to; the broker is gone then.
 *
 * @throws (rejects) BrokerStartError
 */
export async function startBrokerThread(
  options: BrokerOptions & { readonly onError?: (error: Error) => void } = {},
): Promise<Broker> {
  const { onError = (error: Error) => process.emitWarning(error), ...cloneable } = options;
  // Beside this file, and of its kind: a source, or of a bundle.
  const thread = new URL(`./broker-thread${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(thread, { workerData: cloneable, name: 'broker' });
  let isClosing = false;
  let isGone = false;
  /** Who waits for the thread's metrics, which come in the order in which they are asked for. */
  const asking: ((text: string) => void)[] = [];
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const started = await new Promise<Extract<ThreadReport, { kind: 'started' }>>(
    (resolve, reject) => {
      worker.once('error', reject);
      worker.on('message', (report: ThreadReport) => {
        if (report.kind === 'started') resolve(report);
        else if (report.kind === 'error') onError(new Error(report.message));
        else if (report.kind === 'metrics') asking.shift()?.(report.text);
        else if (report.code === null) reject(new Error(report.message));
        else reject(new BrokerStartError(report.code, report.message));
      });
    },
  );
  worker.on('error', onError);
  void exited.then(() => {
    isGone = true;
    for (const answer of asking.splice(0)) answer('');
    if (!isClosing) onError(new Error('The thread of the broker has stopped; start it again.'));
  });
  return {
    clusterId: started.clusterId,
    port: started.ports[0] ?? 0,
    ports: started.ports,
    async metrics() {
      if (isGone) return '';
      const { promise, resolve } = Promise.withResolvers<string>();
      asking.push(resolve);
      const command: ThreadCommand = { kind: 'metrics' };
      worker.postMessage(command, []);
      return promise;
    },
    async close() {
      const command: ThreadCommand = { kind: 'close' };
      if (!isClosing) worker.postMessage(command, []);
      isClosing = true;
      await exited;
    },
  };
}
