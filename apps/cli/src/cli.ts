import { didYouMean } from '@chat-cluster/app-chat-node/settings';
import {
  type Command,
  type CommandContext,
  CommandFailure,
  type Program,
  UsageError,
  WRONG_USAGE,
} from './command.ts';
import { commands, programs } from './commands.ts';
import { Given } from './given.ts';
import { commandHelp, HELP_OPTION, overview } from './help.ts';

/** What a shell is told. */
const EXIT = { done: 0, failed: 1, usage: WRONG_USAGE, interrupted: 130 } as const;

/**
 * Runs one command line and resolves with its exit code; with undefined if it started a program,
 * which ends the process itself. Errors are one sentence on the notes.
 *
 * @param argv without node and script
 */
export async function runCli(
  argv: readonly string[],
  context: CommandContext,
): Promise<number | 'running'> {
  try {
    return await dispatch(argv, context);
  } catch (error) {
    if (context.signal.aborted) return EXIT.interrupted;
    if (error instanceof UsageError) {
      context.note(error.message);
      return EXIT.usage;
    }
    context.note(error instanceof CommandFailure ? error.message : defect(error));
    return EXIT.failed;
  }
}

async function dispatch(
  argv: readonly string[],
  context: CommandContext,
): Promise<number | 'running'> {
  const [first, second] = argv;
  if (first === undefined) {
    context.note(overview([...programs, ...commands]));
    return EXIT.usage;
  }
  const program = programs.find(({ name }) => name === first);
  if (program !== undefined) return program.start(argv.slice(1), context);
  const command = commands.find(({ name }) => name === first || name === `${first} ${second}`);
  if (command !== undefined) {
    return runCommand(command, argv.slice(command.name === first ? 1 : 2), context);
  }
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (asksForHelp(group.length > 0 ? second : first)) {
    context.print(overview(group.length > 0 ? group : [...programs, ...commands]));
    return EXIT.done;
  }
  throw unknownCommand(group, argv);
}

async function runCommand(
  command: Command,
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  try {
    const given = new Given(args, { ...command.options, ...HELP_OPTION });
    if (given.has('help')) context.print(commandHelp(command));
    else await command.run(given, context);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message} See chatcluster ${command.name} --help.`);
  }
}

function asksForHelp(word: string | undefined): boolean {
  return word === '--help' || word === '-h' || word === 'help';
}

/** @param group the commands that begin with the first word; none if there is no such word */
function unknownCommand(group: readonly Command[], argv: readonly string[]): UsageError {
  const [first, second = ''] = argv;
  if (group.length > 0) {
    const names = group.map(({ name }) => name.split(' ')[1]!);
    const what =
      second === '' || second.startsWith('-') ? 'Say what to do' : `There is no ${first} ${second}`;
    return new UsageError(`${what}: chatcluster ${first} ${names.join(', ')}.`);
  }
  const words = [...programs, ...commands].map(
    ({ name }: Command | Program) => name.split(' ')[0]!,
  );
  const hint = didYouMean(first!, [...new Set(words)]);
  return new UsageError(`There is no command ${first}${hint} See chatcluster --help.`);
}

/** What should never happen is shown with all that helps to mend it. */
function defect(error: unknown): string {
  return `A defect in the program: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
