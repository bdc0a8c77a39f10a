import type { ChatWorkerOptions } from './chat-worker.ts';
import type { NodeSettings } from './configuration.ts';
import type { NodeLog } from './log/node-log.ts';
import { workerConnections } from './worker-connections.ts';

/** A chat worker, as a node's settings say. */
export function workerOptions(
  settings: NodeSettings,
  { log, onFatal }: { readonly log: NodeLog; readonly onFatal: (error: Error) => void },
): ChatWorkerOptions {
  const { limits, ...connections } = workerConnections(settings, {
    program: 'chatcluster',
    report: ({ kind, message, ...facts }) => log('debug', message, { kind, ...facts }),
  });
  return {
    ...connections,
    limits: { backlogBytesMax: settings.backlogBytesMax, ...limits },
    report: log,
    onFatal,
  };
}
