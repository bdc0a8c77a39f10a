import type { Logger } from 'pino';
import type { ChatWorkerOptions } from './chat-worker.ts';
import type { NodeSettings } from './configuration.ts';
import { workerConnections } from './worker-connections.ts';

/** A chat worker, as a node's settings say. */
export function workerOptions(
  settings: NodeSettings,
  { logger, onFatal }: { readonly logger: Logger; readonly onFatal: (error: Error) => void },
): ChatWorkerOptions {
  const { limits, ...connections } = workerConnections(settings, {
    program: 'chatcluster',
    report: ({ kind, message, ...facts }) => logger.debug({ kind, ...facts }, message),
  });
  return {
    ...connections,
    limits: { backlogBytesMax: settings.backlogBytesMax, ...limits },
    report: (level, sentence, facts) => logger[level]({ ...facts }, sentence),
    onFatal,
  };
}
