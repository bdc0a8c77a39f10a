import type { Address, Options } from '@chat-cluster/app-chat-node/settings';
import type { Clock, Random, Timers } from '@chat-cluster/kernel';
import type { Log } from '@chat-cluster/log';
import type { Given } from './given.ts';

/** One command of `chatcluster`, a file each. */
export type Command = {
  /** The words that call it: `chat send`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What follows the name, without options: `KEY BODY`. */
  readonly operands: string;
  /** What a person should know beyond the options; may be empty. */
  readonly details: string;
  /** Its own; `--brokers`, `--json` and the like are added where they are taken. */
  readonly options: Options;
  /**
   * Resolves when it is done. Throws a UsageError, a CommandFailure, or an operating error of a
   * port.
   */
  readonly run: (given: Given, context: CommandContext) => Promise<void>;
};

/** What a command has of the world. */
export type CommandContext = {
  /** Prints a line for whoever asked, or for a program. */
  readonly print: (line: string) => void;
  /** Resolves when what was printed has been taken; for those who print much. */
  readonly printed: () => Promise<void>;
  /** Prints a line beside the result. */
  readonly note: (line: string) => void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Opens a Kafka cluster; whoever opens it closes it. */
  readonly openLog: (brokers: readonly Address[]) => Promise<Log>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
};

/**
 * A command that is a whole program: it reads its settings, minds signals, and prints as it likes.
 */
export type Program = {
  readonly name: string;
  readonly summary: string;
  /**
   * Resolves with an exit code when it did not start, and when it has: then it ends the process.
   */
  readonly start: (argv: readonly string[], context: ProgramContext) => Promise<number | 'running'>;
};

export type ProgramContext = Pick<CommandContext, 'print' | 'note' | 'env'>;

/** Exit code of what was called in a way that cannot be. */
export const WRONG_USAGE = 2;

/** The command was called in a way that cannot be; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command could not do what it was asked to; exit code 1. A sentence that says what to do. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}
