import { constants } from 'node:os';

/**
 * Ends this process by `process.exit` when a signal tells it to end: the signal alone would end it without what is to happen on its exit, such as the
 * end of the servers that it started.
 */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
