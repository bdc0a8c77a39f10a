import {
  JournalError,
  SNAPSHOT_BYTES_MAX,
  type Journal,
  type Snapshot,
} from '@chat-cluster/journal';
import { sleep, type Timers } from '@chat-cluster/kernel';
import type { EngineLimits } from '../engine-limits.ts';
import type { Report } from '../management/report.ts';

export type SnapshotWriterOptions = {
  readonly entityType: string;
  readonly journal: Journal;
  readonly limits: Pick<EngineLimits, 'snapshotBytesMax'>;
  readonly timers: Timers;
  readonly report: Report;
};

/** Snapshots of one write. */
const BATCH_COUNT_MAX = 50;
const BATCH_BYTES_MAX = 1024 * 1024;
const RETRY_MS = 1_000;

/**
 * Writes snapshots of committed states, the oldest first, one write at a time. Of an entity only the newest waits. A snapshot saves its reader some rows, no more: while the journal is away they
 * wait, and beyond `snapshotBytesMax` the oldest are dropped.
 */
export class SnapshotWriter {
  readonly #options: SnapshotWriterOptions;
  readonly #waiting = new Map<string, Snapshot>();
  #bytes = 0;
  #isRunning = false;
  #isClosed = false;

  constructor(options: SnapshotWriterOptions) {
    this.#options = options;
  }

  /** Of the snapshots that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  add(snapshot: Snapshot): void {
    if (snapshot.state.byteLength > SNAPSHOT_BYTES_MAX) {
      this.#options.report(
        'error',
        'A state is too large for a snapshot: recovery reads all events since the last one.',
        {
          entityId: snapshot.entityId,
          bytes: snapshot.state.byteLength,
          bytesMax: SNAPSHOT_BYTES_MAX,
        },
      );
      return;
    }
    this.#take(snapshot.entityId);
    this.#put(snapshot);
    if (!this.#isRunning) void this.#run();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
    this.#bytes = 0;
  }

  async #run(): Promise<void> {
    const { entityType, journal, report, timers } = this.#options;
    this.#isRunning = true;
    let isAway = false;
    while (this.#waiting.size > 0 && !this.#isClosed) {
      const batch = this.#nextBatch();
      try {
        await journal.writeSnapshots(entityType, batch);
        isAway = false;
      } catch (error) {
        const isPassing = error instanceof JournalError && error.retriable;
        const sentence = isPassing
          ? 'Snapshots cannot be written; they wait.'
          : 'Snapshots were refused; later ones may do.';
        if (!isAway) report('warn', sentence, { error, count: batch.length });
        isAway = isPassing;
        if (isPassing) this.#putBack(batch);
        await sleep(timers, RETRY_MS);
      }
    }
    this.#isRunning = false;
  }

  #nextBatch(): Snapshot[] {
    const batch: Snapshot[] = [];
    let bytes = 0;
    for (const snapshot of this.#waiting.values()) {
      bytes += snapshot.state.byteLength;
      if (batch.length > 0 && (bytes > BATCH_BYTES_MAX || batch.length === BATCH_COUNT_MAX)) break;
      batch.push(snapshot);
    }
    for (const { entityId } of batch) this.#take(entityId);
    return batch;
  }

  /** In front of the others, less those that have a newer one by now. */
  #putBack(batch: readonly Snapshot[]): void {
    if (this.#isClosed) return;
    const newer = [...this.#waiting.values()];
    const older = batch.filter(({ entityId }) => !this.#waiting.has(entityId));
    this.#waiting.clear();
    this.#bytes = 0;
    for (const snapshot of [...older, ...newer]) this.#put(snapshot);
  }

  #put(snapshot: Snapshot): void {
    this.#waiting.set(snapshot.entityId, snapshot);
    this.#bytes += snapshot.state.byteLength;
    for (const oldest of this.#waiting.keys()) {
      if (this.#bytes <= this.#options.limits.snapshotBytesMax) return;
      this.#take(oldest);
    }
  }

  #take(entityId: string): void {
    this.#bytes -= this.#waiting.get(entityId)?.state.byteLength ?? 0;
    this.#waiting.delete(entityId);
  }
}
