import { type DestinationStream, pino, stdSerializers } from 'pino';
import type { LogSettings } from './log-settings.ts';
import type { LogSource, NodeLog } from './node-log.ts';

/** For programs: JSON lines, each with the name of its source. */
export function jsonLog(
  { source, logLevel }: Pick<LogSettings, 'logLevel'> & { readonly source: LogSource },
  destination?: DestinationStream,
): NodeLog {
  const { err } = stdSerializers;
  // As JSON alone, an error is an empty object.
  const serializers = { error: err, cause: err };
  const logger = pino({ level: logLevel, base: { node: source.name }, serializers }, destination);
  return (level, sentence, facts) => logger[level]({ ...facts }, sentence);
}
