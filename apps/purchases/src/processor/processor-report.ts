import type { Report } from '@chat-cluster/engine';

/** For the person at the terminal: a line for each thing that is told, with its facts; what is not as it should be beside the others. */
export function processorReport(says: {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}): Report {
  return (level, sentence, facts) => {
    const details = Object.entries(facts ?? {})
      .map(([name, value]) => `${name}=${shown(value)}`)
      .join(' ');
    const line = details === '' ? sentence : `${sentence} (${details})`;
    if (level === 'info') says.print(line);
    else says.complain(`${level}: ${line}`);
  };
}

function shown(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
