import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@chat-cluster/kernel';
import { BrokerStartError, type BrokerStartErrorCode } from './broker-start-error.ts';
import { startBroker, type BrokerOptions } from './start-broker.ts';

// The entry of the worker thread that `startBrokerThread` starts.

/** What the thread tells its owner. */
export type ThreadReport =
  | { readonly kind: 'started'; readonly ports: readonly number[]; readonly clusterId: string }
  /** The broker did not start; `code` null: because of a defect. The thread ends. */
  | {
      readonly kind: 'failed';
      readonly code: BrokerStartErrorCode | null;
      readonly message: string;
    }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'metrics'; readonly text: string };

/** What the owner tells the thread. */
export type ThreadCommand = { readonly kind: 'close' | 'metrics' };

const port = parentPort;
assert(port !== null, 'This file is the entry of a worker thread.');
const report = (message: ThreadReport): void => port.postMessage(message);

try {
  const options = workerData as BrokerOptions; // cloned from what startBrokerThread was given
  const broker = await startBroker({
    ...options,
    onError: (error) => report({ kind: 'error', message: error.message }),
  });
  port.on('message', (command: ThreadCommand) => {
    if (command.kind === 'close') void broker.close().finally(() => port.close());
    else void broker.metrics().then((text) => report({ kind: 'metrics', text }));
  });
  report({ kind: 'started', ports: broker.ports, clusterId: broker.clusterId });
} catch (error) {
  const code = error instanceof BrokerStartError ? error.code : null;
  report({
    kind: 'failed',
    code,
    message: error instanceof Error ? error.message : String(error),
  });
  port.close();
}
