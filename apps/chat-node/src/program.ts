import { constants } from 'node:os';

/** Something that runs until it is told to stop. */
export type Running = { stop(): Promise<void> };

/** Exit codes: 0 stopped as asked, 1 could not start or go on, 2 wrong usage. */
const FAILED = 1;

/** A stop that takes longer is given up: what was acknowledged is durable anyway. */
const STOP_TIMEOUT_MS = 15_000;

/** A signal that comes again so soon is the same one: a terminal or a supervisor tells a whole group of processes, and a parent passes it on. */
const SAME_SIGNAL_MS = 500;

/**
 * Runs a program until SIGINT or SIGTERM: starts it, stops it cleanly, and says in one sentence why it could not start. A second signal ends it at once.
 * `start` is given a function to call when the program cannot go on, and one that stops it as a signal does.
 */
export async function runProgram(
  start: (fail: (error: Error) => void, stop: () => void) => Promise<Running>,
  say: (sentence: string) => void,
): Promise<void> {
  let running: Running | undefined;
  const fail = (error: Error): void => {
    say(sentenceOf(error));
    process.exitCode = FAILED;
    void end();
  };
  let endsSinceMs: number | undefined;
  const end = async (): Promise<void> => {
    if (endsSinceMs !== undefined) return;
    endsSinceMs = performance.now();
    const timeout = setTimeout(() => process.exit(FAILED), STOP_TIMEOUT_MS);
    timeout.unref();
    await running?.stop();
    process.exit(process.exitCode ?? 0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (running === undefined) process.exit(128 + constants.signals[signal]);
      const isAgain = performance.now() - (endsSinceMs ?? Infinity) > SAME_SIGNAL_MS;
      if (isAgain) process.exit(process.exitCode ?? FAILED);
      void end();
    });
  }
  try {
    running = await start(fail, () => void end());
  } catch (error) {
    say(sentenceOf(error));
    process.exit(FAILED);
  }
}

/** What a person needs of an error: operating errors say what to do; of a defect we want to hear everything. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (OPERATING_ERRORS.has(error.name)) return error.message;
  return `A defect in the program: ${error.stack ?? error.message}`;
}

/** By name: this file is loaded before everything that may be slow to load. */
const OPERATING_ERRORS: ReadonlySet<string> = new Set([
  'BrokerStartError',
  'FencedTwiceError',
  'JournalError',
  'LogError',
  'NameTakenError',
  'RpcListenError',
  'StartError',
  'TopicRefusedError',
]);
