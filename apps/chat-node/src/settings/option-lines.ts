import type { Options } from './parse-arguments.ts';

/** The options of a command for its help, a line each, described in a column. */
export function optionLines(options: Options): string {
  const rows = Object.entries(options).map(([name, { short, value, description }]) => {
    const names = short === undefined ? `--${name}` : `-${short}, --${name}`;
    return { start: value === undefined ? names : `${names} ${value}`, description };
  });
  const width = Math.min(COLUMN_MAX, Math.max(...rows.map(({ start }) => start.length)));
  return rows
    .map(({ start, description }) => {
      const gap = start.length > width ? `\n${' '.repeat(width + 4)}` : '  ';
      return `  ${start.padEnd(width)}${gap}${description}\n`;
    })
    .join('');
}

/** What begins longer than this has its description on the next line. */
const COLUMN_MAX = 28;
