import type { Report } from '@chat-cluster/engine';

/** For the person at the terminal: what is not as it should be, a line each; the everyday is left out. */
export function localReport(write: (line: string) => void): Report {
  return (level, sentence, facts) => {
    if (level === 'info') return;
    const details = Object.entries(facts ?? {})
      .map(([name, value]) => `${name}=${shown(value)}`)
      .join(' ');
    write(`${level}: ${sentence}${details === '' ? '' : ` (${details})`}\n`);
  };
}

function shown(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
