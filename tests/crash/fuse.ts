import { writeSync } from 'node:fs';

/**
 * Where a node can be made to die: every step between a record that is fetched and a journal position that is written.
 *
 * - `taking-over`: the committed offsets of a shard were read
 * - `fetched`: records came in, nothing of them is decided
 * - `decided`: a transaction is full, nothing of it is sent
 * - `partitions-sent`: first round, AddPartitionsToTxn is on its way
 * - `records-sent`, `offsets-sent`: second round, Produce or TxnOffsetCommit is on its way
 * - `end-unsent`: third round, everything is written but the end
 * - `end-sent`: EndTxn is on its way: the transaction commits, or not
 * - `end-answered`: committed, and the node does not know yet
 * - `rows-unsent`: committed and known, nothing of it is in the journal
 * - `rows-sent`: rows are on their way to the journal
 * - `rows-written`: rows are in the journal, their position is not
 * - `position-written`: both are, and the node does not know yet
 */
export const fusePoints = [
  'taking-over',
  'fetched',
  'decided',
  'partitions-sent',
  'records-sent',
  'offsets-sent',
  'end-unsent',
  'end-sent',
  'end-answered',
  'rows-unsent',
  'rows-sent',
  'rows-written',
  'position-written',
] as const;

export type FusePoint = (typeof fusePoints)[number];

/** Where to die, and at which crossing of that point from now on (1 is the next one). */
export type Arming = {
  readonly point: FusePoint;
  readonly crossing: number;
  /** SIGSTOP: the process goes on from there once it gets SIGCONT. Default: SIGKILL. */
  readonly signal?: 'SIGKILL' | 'SIGSTOP';
};

/** What a process says last when its fuse has blown. */
export function lastWords(point: FusePoint): string {
  return `The fuse ${point} has blown.`;
}

/** Kills this process, as `kill -9` does, or stops it, when a point is crossed that it was armed for; says so before, to standard error. */
export class Fuse {
  readonly #note: () => string;
  #armed: Arming | undefined;

  /** @param note is said beside the last words */
  constructor(note: () => string) {
    this.#note = note;
  }

  arm(arming: Arming): void {
    this.#armed = arming;
  }

  /** True if it has stopped the process here, which goes on now. `what` it was about to do is said, too. */
  crossed(point: FusePoint, what?: () => string): boolean {
    if (this.#armed?.point !== point) return false;
    const { signal = 'SIGKILL' } = this.#armed;
    this.#armed = { point, crossing: this.#armed.crossing - 1, signal };
    if (this.#armed.crossing > 0) return false;
    this.#armed = undefined;
    // Nothing runs after the signal, which comes before the call returns.
    this.say([lastWords(point), ...(what === undefined ? [] : [what()])].join(' '));
    process.kill(process.pid, signal);
    return true;
  }

  /** At once, whatever else waits to be written. */
  say(sentence: string): void {
    writeSync(STDERR, `${sentence} ${this.#note()}\n`);
  }
}

const STDERR = 2;
