import { assert, type Clock } from '@chat-cluster/kernel';
import { DamagedLog } from '../segments/damaged-log.ts';
import type { PartitionStore } from '../segments/partition-store.ts';
import type { TopicLimits } from '../topics/topic-config.ts';
import { encodeControlBatch, markerTypeOf, type MarkerType } from '../wire/control-batch.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { NO_PRODUCER_ID, RecordBatch } from '../wire/record-batch.ts';
import {
  StorageFailure,
  type CommitLog,
  type CommitTarget,
} from '../write-ahead-log/commit-log.ts';
import {
  PartitionReader,
  type LogOffsets,
  type ReadRequest,
  type ReadResult,
} from './partition-reader.ts';
import {
  EMPTY_PARTITION_CHECKPOINT,
  type PartitionCheckpoint,
  type PartitionState,
  type RecoveredEntry,
} from './partition-snapshot.ts';
import { ProducerStates } from './producer-states.ts';
import { Tail, type TailBatch } from './tail.ts';
import { TransactionIndex } from './transaction-index.ts';
import type { TransactionVerifier } from './transaction-verifier.ts';
import { validateBatch } from './validate-batch.ts';

/** `producer.id.expiration.ms`: how long a producer that writes nothing is remembered. */
const PRODUCER_EXPIRATION_MS = 24 * 60 * 60 * 1000;

/** What becomes of a batch that a producer sent. */
export type AppendResult = {
  readonly errorCode: ErrorCode;
  /** For a person; null when there is no error. */
  readonly errorMessage: string | null;
  /** Where the first record is; -1 after an error. */
  readonly baseOffset: number;
  /** The time the broker gave the records, or -1 if they keep their own. */
  readonly logAppendTimeMs: number;
};

export type PartitionOptions = {
  readonly topicId: string;
  readonly partition: number;
  /** The topic's limits as they are now; they change with its configuration. */
  readonly limits: () => TopicLimits;
  readonly commitLog: CommitLog;
  /** Null: the log is kept in memory only. */
  readonly store: PartitionStore | null;
  readonly transactionVerifier: TransactionVerifier;
  readonly clock: Clock;
  /** Called whenever there is something new for the next checkpoint. */
  readonly onChanged: (partition: Partition) => void;
};

/**
 * The log of one partition: it places batches, remembers producers, and serves what is durable.
 *
 * `logStartOffset <= lastStableOffset <= highWatermark <= logEndOffset`. Everything below the high watermark is durable
 * and everything a reader gets is below it, so that no offset is ever used twice for something a reader has seen.
 * Appending is synchronous: batches get their offsets in the order of the calls.
 */
export class Partition implements CommitTarget {
  readonly topicId: string;
  readonly topicIdBytes: Uint8Array;
  readonly partition: number;
  readonly #options: PartitionOptions;
  readonly #tail = new Tail();
  readonly #producers = new ProducerStates();
  readonly #transactions = new TransactionIndex();
  /** Fetches that wait for the log to grow, or for anything else that changes their answer. */
  readonly #waiting = new Set<() => void>();
  readonly #reader: PartitionReader;
  readonly #offsets: LogOffsets = { logStart: 0, highWatermark: 0, logEnd: 0, failure: null };
  #isDeleted = false;

  constructor(options: PartitionOptions) {
    this.#options = options;
    this.topicId = options.topicId;
    this.topicIdBytes = Buffer.from(options.topicId, 'base64url');
    this.partition = options.partition;
    this.#reader = new PartitionReader({
      offsets: this.#offsets,
      tail: this.#tail,
      transactions: this.#transactions,
      store: options.store,
      stop: (reason) => this.stop(reason),
    });
  }

  get logStartOffset(): number {
    return this.#offsets.logStart;
  }
  get highWatermark(): number {
    return this.#offsets.highWatermark;
  }
  get logEndOffset(): number {
    return this.#offsets.logEnd;
  }
  get lastStableOffset(): number {
    return this.#transactions.lastStableOffset(this.#offsets.highWatermark);
  }
  /** Why the partition is stopped, as a sentence for the operator, or null. */
  get failure(): string | null {
    return this.#offsets.failure;
  }
  /** Whether its topic has been deleted. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }
  /** Bytes of the log that the segments and the memory hold, roughly: what is in both counts once. */
  get sizeBytes(): number {
    const { store } = this.#options;
    if (store === null) return this.#tail.sizeBytes;
    let sizeBytes = store.sizeBytes;
    for (const batch of this.#tail.between(store.endOffset, Infinity)) {
      sizeBytes += batch.bytes.byteLength;
    }
    return sizeBytes;
  }

  /**
   * Places a producer's batch at the end of the log. The bytes are kept: the caller must not change them afterwards.
   *
   * The batch is durable, and may be acknowledged, when `CommitLog.durable()`, called after this, resolves. A batch
   * that is already there is answered with its original offset.
   */
  append(records: Uint8Array | null): AppendResult {
    const nowMs = this.#options.clock.wallMs();
    const limits = this.#options.limits();
    const isLogAppendTime = limits.timestampType === 'LogAppendTime';
    if (this.#offsets.failure !== null)
      return refuse(ErrorCode.KAFKA_STORAGE_ERROR, this.#offsets.failure);
    if (this.#options.commitLog.state !== 'open') {
      return refuse(ErrorCode.KAFKA_STORAGE_ERROR, 'the disk takes no writes at the moment');
    }
    const verdict = validateBatch(records, {
      batchBytesMax: limits.maxMessageBytes,
      timestampMaxMs: isLogAppendTime ? Infinity : nowMs + limits.timestampAfterMaxMs,
    });
    if (verdict.kind === 'refused') return refuse(verdict.errorCode, verdict.message);
    const { batch } = verdict;
    const known = this.#judgeProducer(batch);
    if (known !== null) return known;
    if (isLogAppendTime) batch.setLogAppendTime(nowMs);
    const baseOffset = this.#place(batch);
    if (batch.producerId !== NO_PRODUCER_ID) this.#producers.recordBatch(batch, nowMs);
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      baseOffset,
      logAppendTimeMs: isLogAppendTime ? nowMs : -1,
    };
  }

  /**
   * Ends a producer's transaction on this partition with a marker.
   *
   * @returns its offset, resolved when it is durable; -1 (when everything before is durable) if the producer has no
   *   open transaction here, so that a coordinator may repeat it after a crash
   * @throws (rejects) StorageFailure, or DamagedLog when the partition is stopped
   */
  async appendControlBatch(marker: {
    producerId: number;
    producerEpoch: number;
    type: MarkerType;
    coordinatorEpoch: number;
    timestampMs: number;
  }): Promise<number> {
    if (this.#offsets.failure !== null) throw new DamagedLog(this.#offsets.failure);
    const { commitLog, clock } = this.#options;
    let offset = -1;
    if (this.#producers.hasOpenTransaction(marker.producerId)) {
      if (commitLog.state !== 'open') throw notWritable();
      offset = this.#place(encodeControlBatch(marker));
      this.#producers.recordMarker(marker, clock.wallMs());
    }
    await commitLog.durable();
    return offset;
  }

  /** Whether the producer has written here since its last marker, durably or not. */
  hasOpenTransaction(producerId: number): boolean {
    return this.#producers.hasOpenTransaction(producerId);
  }

  producerStates(): ProducerStates {
    return this.#producers;
  }

  /** As `PartitionReader.read`; a stopped partition answers KAFKA_STORAGE_ERROR. */
  read(request: ReadRequest): ReadResult | Promise<ReadResult> {
    return this.#reader.read(request);
  }

  /** As `PartitionReader.findTimestamp`. */
  findTimestamp(timestampMs: number, endOffset: number): Promise<RecordBatch | null> {
    return this.#reader.findTimestamp(timestampMs, endOffset);
  }

  /** As `PartitionReader.maxTimestampMs`. */
  maxTimestampMs(endOffset: number): Promise<number> {
    return this.#reader.maxTimestampMs(endOffset);
  }

  /**
   * Moves the start of the log (DeleteRecords). The segments below it go with a later checkpoint.
   *
   * @returns resolved when it is durable
   * @throws (rejects) StorageFailure
   */
  async moveLogStart(offset: number): Promise<void> {
    assert(offset <= this.#offsets.highWatermark, 'Only what is durable can be deleted.');
    const { commitLog } = this.#options;
    if (commitLog.state !== 'open') throw notWritable();
    if (offset > this.#offsets.logStart) {
      commitLog.appendLogStart(this, offset);
      this.#dropBelow(offset);
    }
    await commitLog.durable();
  }

  /** Deletes what is past the topic's retention, whole segments at a time (in memory: whole batches). */
  async applyRetention(): Promise<void> {
    const { clock, store, limits } = this.#options;
    const { retentionMs, retentionBytes, isDeleted } = limits();
    this.#producers.expire(clock.wallMs() - PRODUCER_EXPIRATION_MS);
    if (!isDeleted || this.#offsets.failure !== null) return;
    const olderThanMs = retentionMs < 0 ? -Infinity : clock.wallMs() - retentionMs;
    const keepBytes = retentionBytes < 0 ? Infinity : retentionBytes;
    const expiredBelow =
      store === null
        ? this.#tail.expiredBelow({
            olderThanMs,
            keepBytes,
            endOffset: this.#offsets.highWatermark,
          })
        : await store.expiredBelow({ olderThanMs, keepBytes });
    if (expiredBelow !== null && expiredBelow > this.#offsets.logStart)
      this.#dropBelow(expiredBelow);
  }

  /** Calls `wake` once for each change that may let a waiting fetch be answered, until the returned function is called. */
  onAdvance(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  /** Everything below `offset` is durable. Called by the commit log. */
  advance(offset: number): void {
    for (const batch of this.#tail.between(this.#offsets.highWatermark, offset))
      this.#enterIndex(batch);
    this.#offsets.highWatermark = offset;
    this.#options.onChanged(this);
    this.#wakeAll();
  }

  /** Takes nothing and serves nothing from now on; the files stay as they are. */
  stop(reason: string): void {
    this.#offsets.failure = reason;
    this.#options.onChanged(this);
    this.#wakeAll();
  }

  /** The topic is deleted: whoever waits is told, and the files are left to who removes them. */
  delete(): void {
    this.#isDeleted = true;
    this.#offsets.failure = 'the topic has been deleted';
    this.#wakeAll();
  }

  /** Puts back what an earlier run left: first its last checkpoint, then what the write-ahead log holds beyond it. */
  recover(checkpoint: PartitionCheckpoint | null, entries: readonly RecoveredEntry[]): void {
    if (checkpoint !== null) this.#restore(checkpoint.state);
    if (checkpoint?.failure) return this.stop(checkpoint.failure);
    for (const entry of entries) {
      if (entry.kind === 'log-start') this.#dropBelow(entry.offset);
      else if (entry.baseOffset < this.#offsets.logEnd) continue;
      else if (entry.kind === 'batch' && entry.baseOffset === this.#offsets.logEnd)
        this.#replay(entry);
      else return this.stop(damagedAt(this.#offsets.logEnd));
    }
    if (entries.length > 0) this.#options.onChanged(this);
  }

  /** The state to checkpoint. Called when exactly what is below the high watermark is durable. */
  snapshot(): PartitionState {
    const endOffset = this.#offsets.highWatermark;
    return {
      logStartOffset: this.#offsets.logStart,
      endOffset,
      producers: [...this.#producers.entries()].map(([producerId, state]) => [
        producerId,
        { ...state, batches: state.batches.filter((batch) => batch.baseOffset < endOffset) },
      ]),
      transactions: this.#transactions.snapshot(),
    };
  }

  /**
   * Writes what is below `state.endOffset` into the segments, durably. A stopped partition keeps the files of its last
   * checkpoint as they are.
   */
  async writeSegments(
    state: PartitionState,
    last: PartitionCheckpoint | null,
  ): Promise<PartitionCheckpoint> {
    const { store, clock, limits } = this.#options;
    const { failure } = this.#offsets;
    assert(store !== null, 'Only a partition with files is checkpointed.');
    if (failure !== null) return { ...(last ?? EMPTY_PARTITION_CHECKPOINT), failure };
    const batches = this.#tail.between(store.endOffset, state.endOffset);
    await store.append(batches, limits(), clock.wallMs());
    await store.sync();
    return { state, store: store.snapshot(), failure: null };
  }

  /** What lies below `offset` is in the segments and need not be in memory any more. */
  releaseMemory(offset: number): void {
    this.#tail.dropBelow(offset);
  }

  /** The last durable checkpoint does not name the dropped segments any more. */
  async removeDroppedSegments(): Promise<void> {
    if (!this.#isDeleted) await this.#options.store?.removeDropped();
  }

  /** A verdict for a batch that is not to be appended, or null. */
  #judgeProducer(batch: RecordBatch): AppendResult | null {
    if (batch.producerId === NO_PRODUCER_ID) return null;
    if (batch.isTransactional) {
      const { producerId, producerEpoch } = batch;
      const { topicId, partition } = this;
      const append = { producerId, producerEpoch, topicId, partition };
      const errorCode = this.#options.transactionVerifier.verify(append);
      if (errorCode !== ErrorCode.NONE) {
        return refuse(errorCode, 'the batch belongs to no open transaction of this partition');
      }
    }
    const verdict = this.#producers.judge(batch);
    if (verdict.kind === 'append') return null;
    if (verdict.kind === 'refuse') {
      return refuse(
        verdict.errorCode,
        'the epoch or the sequence is not the next of this producer',
      );
    }
    const { baseOffset, logAppendTimeMs } = verdict.original;
    return { errorCode: ErrorCode.NONE, errorMessage: null, baseOffset, logAppendTimeMs };
  }

  #place(batch: RecordBatch): number {
    const baseOffset = this.#offsets.logEnd;
    batch.setBaseOffset(baseOffset);
    this.#push(batch);
    this.#options.commitLog.appendBatch(this, {
      baseOffset,
      endOffset: this.#offsets.logEnd,
      bytes: batch.bytes,
    });
    return baseOffset;
  }

  #push(batch: RecordBatch): void {
    const { baseOffset, lastOffset, maxTimestampMs, bytes } = batch;
    this.#tail.push({ baseOffset, lastOffset, maxTimestampMs, bytes });
    this.#offsets.logEnd = lastOffset + 1;
  }

  #enterIndex({ bytes, baseOffset }: TailBatch): void {
    const batch = new RecordBatch(bytes);
    if (!batch.isTransactional) return;
    if (!batch.isControl) return this.#transactions.recordBatch(batch.producerId, baseOffset);
    const type = markerTypeOf(batch);
    if (type !== null) this.#transactions.recordMarker(batch.producerId, type, baseOffset);
  }

  #dropBelow(offset: number): void {
    this.#offsets.logStart = offset;
    this.#transactions.dropBelow(offset);
    this.#options.store?.dropBelow(offset);
    // With files, the memory keeps what the next checkpoint still has to write.
    if (this.#options.store === null) this.#tail.dropBelow(offset);
    this.#options.onChanged(this);
  }

  #restore(state: PartitionState): void {
    this.#offsets.logStart = state.logStartOffset;
    this.#offsets.highWatermark = state.endOffset;
    this.#offsets.logEnd = state.endOffset;
    this.#transactions.restore(state.transactions);
    const open = new Map(state.transactions.open);
    for (const [producerId, producer] of state.producers) {
      const openTransactionFirstOffset = open.get(producerId) ?? null;
      this.#producers.restore(producerId, { ...producer, openTransactionFirstOffset });
    }
  }

  #replay({ bytes }: { bytes: Uint8Array }): void {
    const batch = new RecordBatch(bytes);
    const nowMs = this.#options.clock.wallMs();
    this.#push(batch);
    if (batch.isControl) this.#producers.recordMarker(batch, nowMs);
    else if (batch.producerId !== NO_PRODUCER_ID) this.#producers.recordBatch(batch, nowMs);
    for (const placed of this.#tail.between(this.#offsets.highWatermark, this.#offsets.logEnd)) {
      this.#enterIndex(placed);
    }
    this.#offsets.highWatermark = this.#offsets.logEnd;
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

function refuse(errorCode: ErrorCode, errorMessage: string): AppendResult {
  return { errorCode, errorMessage, baseOffset: -1, logAppendTimeMs: -1 };
}

function notWritable(): StorageFailure {
  return new StorageFailure('The disk takes no writes at the moment: try again later.');
}

function damagedAt(offset: number): string {
  return (
    `the write-ahead log is damaged at offset ${offset} of this partition, which was durable; ` +
    'restore the data folder from a backup, or delete the topic'
  );
}
