import { reportLine } from '@chat-cluster/app-chat-node/report-line';
import type { Report } from '@chat-cluster/engine';

/** For the person at the terminal: a line for each thing that is told, with its facts; what is not as it should be beside the others. */
export function processorReport(says: {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}): Report {
  return (level, sentence, facts) => {
    const line = reportLine(sentence, facts);
    if (level === 'info') says.print(line);
    else says.complain(`${level}: ${line}`);
  };
}
