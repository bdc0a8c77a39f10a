import { systemClock } from '@chat-cluster/kernel';
import { jsonLog } from './json-log.ts';
import type { LogForm, LogSettings } from './log-settings.ts';
import { textLog } from './text-log.ts';

/** Logs a sentence and its facts. */
export type NodeLog = (
  level: 'debug' | 'info' | 'warn' | 'error' | 'fatal',
  sentence: string,
  facts?: Readonly<Record<string, unknown>>,
) => void;

/** Who logs: a node, or one of its workers in a process of its own. */
export type LogSource = { readonly kind: 'node' | 'worker'; readonly name: string };

/** The log on standard output. */
export function openNodeLog({ logForm, logLevel }: LogSettings, source: LogSource): NodeLog {
  return isText(logForm, { isTerminal: process.stdout.isTTY })
    ? textLog({
        source,
        logLevel,
        clock: systemClock,
        write: (line) => void process.stdout.write(line),
      })
    : jsonLog({ source, logLevel });
}

export function isText(form: LogForm, { isTerminal }: { readonly isTerminal: boolean }): boolean {
  return form === 'auto' ? isTerminal : form === 'text';
}
