import { type Logger, pino } from 'pino';
import type { NodeSettings } from './configuration.ts';

/** JSON lines on standard output, each with the name of the node, or of the worker in a process of its own. */
export function nodeLogger({ logLevel }: Pick<NodeSettings, 'logLevel'>, node: string): Logger {
  return pino({ level: logLevel, base: { node } });
}
