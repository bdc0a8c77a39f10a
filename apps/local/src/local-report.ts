import { reportLine } from '@chat-cluster/app-chat-node/report-line';
import type { Report } from '@chat-cluster/engine';

/** For the person at the terminal: what is not as it should be, a line each; the everyday is left out. */
export function localReport(write: (line: string) => void): Report {
  return (level, sentence, facts) => {
    if (level !== 'info') write(`${level}: ${reportLine(sentence, facts)}\n`);
  };
}
