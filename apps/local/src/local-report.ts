import type { Report } from '@chat-cluster/engine';

/** For the person at the terminal: what is not as it should be, a line each; the everyday is left out. */
export function localReport(write: (line: string) => void): Report {
  return (level, sentence, facts) => {
    if (level === 'info') return;
    const details = Object.entries(facts ?? {})
      .map(([name, value]) => `${name}=${value instanceof Error ? value.message : String(value)}`)
      .join(' ');
    write(`${level}: ${sentence}${details === '' ? '' : ` (${details})`}\n`);
  };
}
