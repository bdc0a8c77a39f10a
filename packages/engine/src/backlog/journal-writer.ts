import type { Journal, JournalPosition } from '@chat-cluster/journal';
import type { Clock, Timers } from '@chat-cluster/kernel';
import { sleep } from '@chat-cluster/kernel';
import type { EngineLimits } from '../engine-limits.ts';
import type { Report } from '../management/report.ts';
import type { TailEvent } from '../output/event-record.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { ShardTail } from './shard-tail.ts';

/** A shard whose tail is written behind the log. */
type Source = {
  readonly shard: number;
  readonly tail: ShardTail;
  /** Batches under way, in order: an acknowledged one counts once all before it are. */
  readonly underWay: { readonly count: number; acknowledged: boolean }[];
  positionWritten: JournalPosition;
  gone: boolean;
};

export type JournalWriterOptions = {
  readonly entityType: string;
  readonly journal: Journal;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly report: Report;
  /** What all tails hold. */
  readonly budget: ByteBudget;
  /** Whether fuller writes are better than early ones. */
  readonly isBehind: () => boolean;
  /** These events are rows now. */
  readonly onRowsWritten: (rows: readonly TailEvent[]) => void;
  /** Room was made in the backlog. */
  readonly onAcknowledged: () => void;
  /** A programmer's error. */
  readonly onFailed: (error: Error) => void;
};

const BACKOFF_FIRST_MS = 50;
const BACKOFF_MAX_MS = 1_000;

/**
 * Copies committed events into the journal, behind the log: batches over all shards, a bounded number at a time, each written again until it is acknowledged. Positions follow
 * the acknowledged rows, at most every `journalPositionIntervalMs`. A journal that is away delays nobody until the backlog is full.
 */
export class JournalWriter {
  readonly #options: JournalWriterOptions;
  readonly #sources = new Map<number, Source>();
  #batchesUnderWay = 0;
  #positionsUnderWay = false;
  #positionTimer = false;
  #failingSinceMs: number | undefined;
  #failure: Error | undefined;
  #rotation = 0;
  /** When the last write was begun (monotonic ms): from then on events gather, unless there are as many as a batch takes. */
  #begunMs = Number.NEGATIVE_INFINITY;
  #gatherTimer = false;
  #closed = false;

  constructor(options: JournalWriterOptions) {
    this.#options = options;
  }

  /** Why the journal cannot be written, and since when (monotonic ms); undefined while it can. */
  get failure(): { readonly error: Error; readonly sinceMs: number } | undefined {
    if (this.#failure === undefined || this.#failingSinceMs === undefined) return undefined;
    return { error: this.#failure, sinceMs: this.#failingSinceMs };
  }

  add(shard: number, tail: ShardTail): void {
    this.#sources.set(shard, {
      shard,
      tail,
      underWay: [],
      positionWritten: tail.position,
      gone: false,
    });
    this.kick();
  }

  /** The tenure is over: what is under way may still be written, the rest is the next owner's. */
  remove(shard: number): void {
    const source = this.#sources.get(shard);
    if (source !== undefined) source.gone = true;
    this.#sources.delete(shard);
  }

  /** Starts what can be started. Call it when events were committed. */
  kick(): void {
    const { clock, limits } = this.#options;
    while (!this.#closed && this.#batchesUnderWay < limits.journalConcurrency) {
      const countWaiting = this.#countWaiting();
      if (countWaiting === 0) break;
      const leftMs = this.#begunMs + this.#gatherMs() - clock.monotonicMs();
      if (countWaiting < limits.journalBatchRows && leftMs > 0) {
        // Meanwhile the worker may have caught up, or the backlog may have filled.
        this.#kickIn(Math.min(leftMs, limits.journalGatherMs));
        break;
      }
      this.#batchesUnderWay += 1;
      this.#begunMs = clock.monotonicMs();
      this.#writeBatch(this.#nextBatch()).catch((error: unknown) => {
        this.#options.onFailed(error instanceof Error ? error : new Error(String(error)));
      });
    }
    this.#schedulePositions();
  }

  /** Resolves when everything committed so far, positions included, is in the journal, or the time is over. */
  async flush(timeoutMs: number): Promise<void> {
    const { clock, timers } = this.#options;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    while (this.#hasWork() && clock.monotonicMs() < deadlineMs) {
      this.#begunMs = Number.NEGATIVE_INFINITY;
      this.kick();
      if (!this.#positionsUnderWay) void this.#writePositions();
      await sleep(timers, FLUSH_POLL_MS);
    }
  }

  close(): void {
    this.#closed = true;
    this.#sources.clear();
  }

  #hasWork(): boolean {
    for (const { tail, positionWritten } of this.#sources.values()) {
      if (tail.backlogCount > 0) return true;
      if (tail.position.eventNumber > positionWritten.eventNumber) return true;
    }
    return this.#batchesUnderWay > 0 || this.#positionsUnderWay;
  }

  #countWaiting(): number {
    let count = 0;
    for (const { tail } of this.#sources.values()) count += tail.countForJournal;
    return count;
  }

  #gatherMs(): number {
    const { budget, isBehind, limits } = this.#options;
    const mayWait = budget.bytes < budget.bytesMax / 2 && isBehind();
    return mayWait ? limits.journalGatherBehindMs : limits.journalGatherMs;
  }

  #kickIn(delayMs: number): void {
    if (this.#gatherTimer) return;
    this.#gatherTimer = true;
    this.#options.timers.after(delayMs, () => {
      this.#gatherTimer = false;
      this.kick();
    });
  }

  /** Fills one batch, shard by shard, each time from another one on, so that a hot shard does not starve the others. */
  #nextBatch(): { source: Source; events: TailEvent[] }[] {
    const { limits } = this.#options;
    const sources = [...this.#sources.values()];
    const slices: { source: Source; events: TailEvent[] }[] = [];
    let countLeft = limits.journalBatchRows;
    let bytesLeft = limits.journalBatchBytes;
    for (let step = 0; step < sources.length && countLeft > 0 && bytesLeft > 0; step++) {
      const source = sources[(this.#rotation + step) % sources.length];
      if (source === undefined || source.tail.countForJournal === 0) continue;
      const events = source.tail.handOver({ countMax: countLeft, bytesMax: bytesLeft });
      slices.push({ source, events });
      countLeft -= events.length;
      for (const event of events) bytesLeft -= event.event.byteLength;
    }
    this.#rotation += 1;
    return slices;
  }

  async #writeBatch(slices: { source: Source; events: TailEvent[] }[]): Promise<void> {
    const marks = slices.map(({ source, events }) => {
      const mark = { count: events.length, acknowledged: false };
      source.underWay.push(mark);
      return mark;
    });
    const rows = slices.flatMap(({ events }) => events);
    const { entityType, journal } = this.#options;
    const written = await this.#untilWritten(() =>
      journal.append({ entityType, rows, positions: [] }),
    );
    if (!written) return;
    for (const mark of marks) mark.acknowledged = true;
    this.#options.onRowsWritten(rows);
    for (const { source } of slices) if (!source.gone) acknowledgePrefix(source);
    this.#batchesUnderWay -= 1;
    this.#options.onAcknowledged();
    this.kick();
  }

  /** Tries again until it is written or this writer is closed: a row may be written any number of times. */
  async #untilWritten(write: () => Promise<void>): Promise<boolean> {
    let backoffMs = BACKOFF_FIRST_MS;
    while (!this.#closed) {
      try {
        await write();
        this.#recovered();
        return true;
      } catch (error) {
        this.#failed(error);
        await sleep(this.#options.timers, backoffMs);
        backoffMs = Math.min(BACKOFF_MAX_MS, backoffMs * 2);
      }
    }
    return false;
  }

  #schedulePositions(): void {
    if (this.#positionTimer || this.#closed) return;
    this.#positionTimer = true;
    this.#options.timers.after(this.#options.limits.journalPositionIntervalMs, () => {
      this.#positionTimer = false;
      if (!this.#positionsUnderWay) void this.#writePositions();
    });
  }

  async #writePositions(): Promise<void> {
    const moved = [...this.#sources.values()].filter(
      ({ tail, positionWritten }) => tail.position.eventNumber > positionWritten.eventNumber,
    );
    if (moved.length === 0) return;
    this.#positionsUnderWay = true;
    const positions = moved.map(({ shard, tail }) => ({ shard, ...tail.position }));
    const { entityType, journal } = this.#options;
    const written = await this.#untilWritten(() =>
      journal.append({ entityType, rows: [], positions }),
    );
    if (!written) return;
    moved.forEach((source, index) => {
      const position = positions[index];
      if (position !== undefined) source.positionWritten = position;
    });
    this.#positionsUnderWay = false;
    this.#schedulePositions();
  }

  #failed(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    if (this.#failingSinceMs !== undefined) return;
    this.#failingSinceMs = this.#options.clock.monotonicMs();
    this.#options.report(
      'warn',
      'The journal cannot be written; committed events wait in the backlog.',
      {
        error,
      },
    );
  }

  #recovered(): void {
    if (this.#failingSinceMs === undefined) return;
    const awayMs = Math.round(this.#options.clock.monotonicMs() - this.#failingSinceMs);
    this.#failingSinceMs = undefined;
    this.#failure = undefined;
    this.#options.report('info', 'The journal is back; the backlog is being written.', { awayMs });
  }
}

const FLUSH_POLL_MS = 5;

function acknowledgePrefix(source: Source): void {
  while (source.underWay[0]?.acknowledged === true) {
    source.tail.acknowledge(source.underWay[0].count);
    source.underWay.shift();
  }
}
