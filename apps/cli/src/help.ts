import { optionLines, type Options } from '@chat-cluster/app-chat-node/settings';
import type { Command, Program } from './command.ts';

/** Every command has it. */
export const HELP_OPTION = {
  help: { short: 'h', description: 'this help' },
} as const satisfies Options;

/** The list of commands. */
export function overview(listed: readonly (Command | Program)[]): string {
  const width = Math.max(...listed.map(({ name }) => name.length));
  const lines = listed.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`);
  return `chatcluster COMMAND [options]

${lines.join('')}
chatcluster COMMAND --help explains one of them.

Exit codes: 0 done, 1 it could not be done, 2 it was called in a way that cannot be, 130 interrupted.
`;
}

/** All about one command. */
export function commandHelp({ name, summary, operands, details, options }: Command): string {
  const usage = ['chatcluster', name, operands, '[options]'].filter((part) => part !== '');
  const sentence = `${summary[0]!.toUpperCase()}${summary.slice(1)}.`;
  return `${usage.join(' ')}

${sentence}
${details}
${optionLines({ ...options, ...HELP_OPTION })}`;
}
