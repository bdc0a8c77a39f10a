import { workerConnections } from '@chat-cluster/app-chat-node';
import type { Report } from '@chat-cluster/engine';
import type { ProcessorSettings } from './configuration.ts';
import type { PurchasesWorkerOptions } from './purchases-worker.ts';

/** A worker of the purchases, as a processor's settings say. */
export function workerOptions(
  settings: ProcessorSettings,
  told: {
    readonly print: (line: string) => void;
    readonly report: Report;
    readonly onFatal: (error: Error) => void;
  },
): PurchasesWorkerOptions {
  const { onFatal, print, report } = told;
  return {
    ...workerConnections(settings, {
      program: 'chatcluster-purchases',
      // Kafka's client tells what failed and is tried again: once in a while, not each time.
      report: ({ kind, message, ...facts }) =>
        report(kind === 'group-joined' ? 'info' : 'warn', message, { kind, ...facts }),
    }),
    tell: settings.isQuiet ? undefined : print,
    report,
    onFatal,
  };
}
