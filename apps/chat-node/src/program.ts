import { constants } from 'node:os';

/** Something that runs until it is told to stop. */
export type Running = { stop(): Promise<void> };

/** Exit codes: 0 stopped as asked, 1 could not start or go on, 2 wrong usage. */
const FAILED = 1;

/** A stop that takes longer is given up: what was acknowledged is durable anyway. */
const STOP_TIMEOUT_MS = 15_000;

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
  let isEnding = false;
  const end = async (): Promise<void> => {
    if (isEnding) process.exit(process.exitCode ?? FAILED);
    isEnding = true;
    const timeout = setTimeout(() => process.exit(FAILED), STOP_TIMEOUT_MS);
    timeout.unref();
    await running?.stop();
    process.exit(process.exitCode ?? 0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (running === undefined) process.exit(128 + constants.signals[signal]);
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
