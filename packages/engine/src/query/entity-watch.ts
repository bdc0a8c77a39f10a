import { JournalError, type Journal, type JournalRow } from '@chat-cluster/journal';
import { sleep, type Clock, type Timers } from '@chat-cluster/kernel';
import { isEngineEvent } from '../entity/engine-event.ts';
import { tailEventSizeBytes, type TailEvent } from '../output/event-record.ts';
import type { Tenure } from '../partition/tenure.ts';
import type { Limiter } from '../recovery/limiter.ts';
import { HistoryGapError } from '../recovery/recover-entities.ts';
import { RowsPerRead } from '../recovery/rows-per-read.ts';
import type { WatchedEvent, WatchEnd } from '../routing/entity-owner.ts';

/** What a watch needs of a shard. */
export type WatchedShard = {
  readonly tenure: Tenure;
  readonly tail: { eventsOf(entityId: string): readonly TailEvent[] };
  fail(error: Error): void;
};

export type WatchContext = {
  readonly entityType: string;
  readonly journal: Pick<Journal, 'readEvents'>;
  /** Reads of past events under way. */
  readonly reads: Limiter;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly watchBytesMax: number;
  readonly watchStallMs: number;
  readonly tenure: (partition: number) => Tenure | undefined;
  readonly shard: (partition: number) => WatchedShard | undefined;
  readonly notOwner: () => WatchEnd;
};

export type OnWatchedEvent = (event: WatchedEvent) => Promise<void> | undefined;

type EntityWatchOptions = WatchContext & {
  readonly entityId: string;
  readonly partition: number;
  readonly seqFrom: number;
  readonly onEvent: OnWatchedEvent;
  readonly onEnd: (end: WatchEnd) => void;
  /** What onEvent threw, or what should never happen. */
  readonly onFailed: (error: unknown) => void;
};

const RETRY_MS = 200;

/**
 * One watch at the owner. It hears of each commit from its beginning on. First it catches up: with what the tail holds, or, below that, with rows of the journal (an event that is
 * committed is in the one or the other, and the tail is looked at first). When it has everything that it heard of it is live: what commits waits for the watcher in memory. If too much
 * does, it has to catch up again; a watcher that meanwhile takes nothing at all is told so.
 *
 *     taking over ── the shard runs ──▶ catching up ── nothing is missing ──▶ live
 *                                                  ◀── too much waits ──
 *     any ── the tenure ends ──▶ not-owner;  catching up ── nothing is taken ──▶ too-slow
 *
 * Its events are checked for gaps, the engine's own included. Those are not given on; the next one tells how many they were, so that whoever gets it can check too.
 */
export class EntityWatch {
  readonly #options: EntityWatchOptions;
  readonly #waiting: TailEvent[] = [];
  #waitingBytes = 0;
  #seqNext: number;
  /** Of the engine's own, since the last one that was given. */
  #skippedCount = 0;
  /** The highest seq that it heard of, + 1. */
  #seqHeardNext = 0;
  /** What was missing when it was looked for last. */
  #seqGap: number | undefined;
  /** Since when the watcher has been given an event that it has not taken; Infinity when it has. */
  #givingSinceMs = Infinity;
  #isLive = false;
  #isOver = false;
  readonly #perRead: RowsPerRead;
  readonly #ending = new AbortController();
  #wake: () => void = () => {};

  constructor(options: EntityWatchOptions) {
    this.#options = options;
    this.#seqNext = options.seqFrom;
    this.#perRead = new RowsPerRead(options.watchBytesMax);
  }

  get partition(): number {
    return this.#options.partition;
  }

  start(): void {
    this.#run().then(
      (end) => this.#end(end),
      (error: unknown) => {
        if (!this.#isOver) this.#options.onFailed(error);
      },
    );
  }

  /** Nobody watches any more. */
  cancel(): void {
    this.#isOver = true;
    this.#ending.abort();
    this.look();
  }

  /** The tenure may have begun to run, or be over. */
  look(): void {
    this.#wake();
  }

  /** An event of the entity has committed. */
  committed(event: TailEvent): void {
    this.#seqHeardNext = event.seq + 1;
    if (this.#isLive) this.#keep(event);
    else this.#lookAtStall();
    this.#wake();
  }

  #keep(event: TailEvent): void {
    const bytes = tailEventSizeBytes(event);
    const isFull = this.#waitingBytes + bytes > this.#options.watchBytesMax;
    if (isFull && this.#waiting.length > 0) {
      this.#fallBehind();
      return;
    }
    this.#waiting.push(event);
    this.#waitingBytes += bytes;
  }

  #fallBehind(): void {
    this.#isLive = false;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  #lookAtStall(): void {
    const { clock, watchStallMs } = this.#options;
    const isStalled = clock.monotonicMs() - this.#givingSinceMs >= watchStallMs;
    if (isStalled) this.#end({ kind: 'too-slow' });
  }

  #end(end: WatchEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ending.abort();
    this.#waiting.length = 0;
    this.#options.onEnd(end);
    this.#wake();
  }

  async #run(): Promise<WatchEnd> {
    const shard = await this.#whenRunning();
    while (!this.#isOver && shard?.tenure.lasts === true) {
      if (this.#isLive) await this.#giveWaiting();
      else await this.#catchUp(shard);
    }
    return this.#options.notOwner();
  }

  async #whenRunning(): Promise<WatchedShard | undefined> {
    const { partition, shard, tenure: tenureOf } = this.#options;
    while (!this.#isOver) {
      const tenure = tenureOf(partition);
      if (!tenure?.lasts) return undefined;
      if (tenure.phase !== 'taking-over') return shard(partition);
      await this.#whenWoken();
    }
    return undefined;
  }

  async #giveWaiting(): Promise<void> {
    const event = this.#waiting.shift();
    if (event === undefined) {
      await this.#whenWoken();
      return;
    }
    this.#waitingBytes -= tailEventSizeBytes(event);
    if (event.seq < this.#seqNext) return; // the watch begins later
    if (event.seq === this.#seqNext) await this.#give(event);
    else this.#fallBehind(); // a journal may leave out what lies behind a gap
  }

  /** One round: a piece of the tail, or of the journal. */
  async #catchUp(shard: WatchedShard): Promise<void> {
    const inTail = this.#committedIn(shard);
    if (inTail[0]?.seq === this.#seqNext) {
      await this.#giveAll(shard, inTail);
      return;
    }
    const seqRead = this.#seqNext;
    const read = await this.#readRows(shard);
    if (read === undefined || this.#isOver || !shard.tenure.lasts) return;
    const { rows } = read;
    await this.#giveAll(shard, rows);
    if (this.#isOver || !shard.tenure.lasts) return;
    const isEnd = inTail.length === 0 && read.isEnd;
    // These were all that had committed when they were looked for; what has since was heard of.
    if (isEnd && this.#seqHeardNext <= this.#seqNext) this.#isLive = true;
    else if (this.#seqNext === seqRead) this.#missed(shard, seqRead, rows[0] ?? inTail[0]);
  }

  /** What is behind a gap was committed before it was read; so what is missing must be found when it is looked for once more. */
  #missed(shard: WatchedShard, seqMissing: number, behind: JournalRow | undefined): void {
    const isAgain = this.#seqGap === seqMissing;
    this.#seqGap = seqMissing;
    if (!isAgain) return;
    const seqBehind = behind?.seq ?? this.#seqHeardNext - 1;
    shard.fail(new HistoryGapError(this.#options.entityId, seqMissing, seqBehind));
  }

  /** As many as may wait for the watcher, and at least one if there is any. */
  #committedIn({ tail }: WatchedShard): readonly TailEvent[] {
    const { entityId, watchBytesMax } = this.#options;
    const committed = tail
      .eventsOf(entityId)
      .filter(({ offset, seq }) => offset >= 0 && seq >= this.#seqNext);
    return firstOf(committed, watchBytesMax);
  }

  /** Undefined when the journal is away: after a while. What is more than may wait for the watcher is read again. */
  async #readRows(
    shard: WatchedShard,
  ): Promise<{ readonly rows: readonly JournalRow[]; readonly isEnd: boolean } | undefined> {
    const { entityId, entityType, journal, reads, timers, watchBytesMax } = this.#options;
    const countMax = this.#perRead.count;
    const query = { entityId, seqFrom: this.#seqNext, countMax };
    const read = async () => {
      const [found = []] = await journal.readEvents(entityType, [query]);
      const rows = firstOf(found, watchBytesMax);
      this.#perRead.saw(found);
      return { rows, isEnd: found.length < countMax && rows.length === found.length };
    };
    try {
      return await reads.run(read, { signal: this.#ending.signal });
    } catch (error) {
      if (this.#isOver) return undefined;
      if (!(error instanceof JournalError)) throw error;
      if (error.retriable) await sleep(timers, RETRY_MS);
      else shard.fail(error);
      return undefined;
    }
  }

  /** Gives events up to the first gap. */
  async #giveAll(shard: WatchedShard, events: readonly JournalRow[]): Promise<void> {
    for (const event of events) {
      if (this.#isOver || !shard.tenure.lasts || event.seq !== this.#seqNext) return;
      await this.#give(event);
    }
  }

  async #give({ event, seq, timestampMs }: JournalRow): Promise<void> {
    this.#seqNext = seq + 1;
    if (isEngineEvent(event)) {
      this.#skippedCount += 1;
      return;
    }
    const skippedCount = this.#skippedCount;
    this.#skippedCount = 0;
    this.#givingSinceMs = this.#options.clock.monotonicMs();
    await this.#options.onEvent({ seq, event, timestampMs, skippedCount });
    this.#givingSinceMs = Infinity;
  }

  #whenWoken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The first ones that have so many bytes, and at least one if there is any. */
function firstOf<T extends { readonly event: Uint8Array }>(
  events: readonly T[],
  bytesMax: number,
): readonly T[] {
  let bytes = 0;
  return events.filter(({ event }) => {
    if (bytes >= bytesMax) return false;
    bytes += event.byteLength;
    return true;
  });
}
