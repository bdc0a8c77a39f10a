import { type Clock, printable } from '@chat-cluster/kernel';
import { reportLine } from '../report-line.ts';
import { LOG_LEVELS, type LogSettings } from './log-settings.ts';
import type { LogSource, NodeLog } from './node-log.ts';

/**
 * For people: the time of day where they are, what is not as it should be by its level, the sentence and its facts. Where a node has several workers
 * each says which it is.
 */
export function textLog(
  options: Pick<LogSettings, 'logLevel'> & {
    readonly source: LogSource;
    readonly clock: Pick<Clock, 'wallMs'>;
    readonly write: (line: string) => void;
  },
): NodeLog {
  const { clock, logLevel, source, write } = options;
  const lowest = LOG_LEVELS.indexOf(logLevel);
  const who = source.kind === 'worker' ? ` ${source.name}` : '';
  return (level, sentence, facts) => {
    if (LOG_LEVELS.indexOf(level) < lowest) return;
    const marked = level === 'info' ? '' : ` ${level}:`;
    const line = `${timeOfDay(clock.wallMs())}${who}${marked} ${reportLine(sentence, facts)}`;
    write(`${printable(line)}\n`);
  };
}

/** `07:15:02` */
function timeOfDay(wallMs: number): string {
  return new Date(wallMs).toTimeString().slice(0, 8);
}
