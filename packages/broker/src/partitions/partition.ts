import { assert, type Clock } from '@chat-cluster/kernel';
import { DamagedLog } from '../segments/damaged-log.ts';
import type { PartitionStore } from '../segments/partition-store.ts';
import type { TopicLimits } from '../topics/topic-config.ts';
import { encodeControlBatch, type MarkerType } from '../wire/control-batch.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { NO_PRODUCER_ID, type RecordBatch } from '../wire/record-batch.ts';
import {
  StorageFailure,
  type CommitLog,
  type CommitTarget,
} from '../write-ahead-log/commit-log.ts';
import { placedAt, refused, type AppendResult } from './append-result.ts';
import { LogState } from './log-state.ts';
import { MemorySegments } from './memory-segments.ts';
import { PartitionCleaning } from './partition-cleaning.ts';
import { PartitionReader, type ReadRequest, type ReadResult } from './partition-reader.ts';
import {
  EMPTY_PARTITION_CHECKPOINT,
  type PartitionCheckpoint,
  type PartitionState,
  type RecoveredEntry,
} from './partition-snapshot.ts';
import type { ProducerStates } from './producer-states.ts';
import type { TailBatch } from './tail.ts';
import type { TransactionVerifier } from './transaction-verifier.ts';
import { refusal, validateBatch } from './validate-batch.ts';
import { refuseKeys } from './validate-keys.ts';

/** `producer.id.expiration.ms`: how long a producer that writes nothing is remembered. */
const PRODUCER_EXPIRATION_MS = 24 * 60 * 60 * 1000;

export type PartitionOptions = {
  readonly topicId: string;
  /** As Kafka prints it: topic-partition. */
  readonly name: string;
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
 * Everything below the high watermark is durable and everything a reader gets is below it, so that no offset is ever
 * used twice for something a reader has seen. Appending is synchronous: batches get their offsets in the order of the
 * calls.
 */
export class Partition implements CommitTarget {
  readonly topicId: string;
  readonly topicIdBytes: Uint8Array;
  readonly partition: number;
  /** What the cleaner works on. */
  readonly cleaning: PartitionCleaning;
  readonly #options: PartitionOptions;
  readonly #log = new LogState();
  /** Null when the log is kept in files. */
  readonly #memorySegments: MemorySegments | null;
  readonly #reader: PartitionReader;
  /** Fetches that wait for the log to grow, or for anything else that changes their answer. */
  readonly #waiting = new Set<() => void>();
  #failure: string | null = null;
  #isDeleted = false;

  constructor(options: PartitionOptions) {
    this.#options = options;
    this.topicId = options.topicId;
    this.topicIdBytes = Buffer.from(options.topicId, 'base64url');
    this.partition = options.partition;
    const { name, limits, store } = options;
    const segments = store ?? new MemorySegments(this.#log.tail);
    this.#memorySegments = segments instanceof MemorySegments ? segments : null;
    this.cleaning = new PartitionCleaning({
      ...{ name, limits, segments, log: this.#log },
      hasFiles: store !== null,
      isUsable: () => this.#failure === null,
      onChanged: () => options.onChanged(this),
    });
    this.#reader = new PartitionReader({
      log: this.#log,
      store: options.store,
      onDamage: (reason) => this.stop(reason),
    });
  }

  get logStartOffset(): number {
    return this.#log.logStart;
  }
  get highWatermark(): number {
    return this.#log.highWatermark;
  }
  get logEndOffset(): number {
    return this.#log.logEnd;
  }
  get lastStableOffset(): number {
    return this.#log.lastStableOffset;
  }
  /** Why the partition takes and serves nothing any more, as a sentence for the operator, or null. */
  get failure(): string | null {
    return this.#failure;
  }
  /** Whether its topic has been deleted. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }
  /** Bytes of the log: what is in the segments and in the memory counts once. */
  get sizeBytes(): number {
    const { store } = this.#options;
    const { tail } = this.#log;
    if (store === null) return tail.sizeBytes;
    return store.sizeBytes + totalBytes(tail.between(store.endOffset, Infinity));
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
    if (this.#failure !== null) return refuse(ErrorCode.KAFKA_STORAGE_ERROR, this.#failure);
    if (this.#options.commitLog.state !== 'open') {
      return refuse(ErrorCode.KAFKA_STORAGE_ERROR, 'the disk takes no writes at the moment');
    }
    const verdict = validateBatch(records, {
      batchBytesMax: limits.maxMessageBytes,
      timestampMaxMs: isLogAppendTime ? Infinity : nowMs + limits.timestampAfterMaxMs,
    });
    if (verdict.kind === 'refused') return refused(verdict);
    const { batch } = verdict;
    const keyReason = limits.isCompacted ? refuseKeys(batch, this.#options.name) : null;
    if (keyReason !== null) return refused(keyReason);
    const known = this.#judgeProducer(batch);
    if (known !== null) return known;
    if (isLogAppendTime) batch.setLogAppendTime(nowMs);
    const baseOffset = this.#place(batch, nowMs);
    return placedAt({ baseOffset, logAppendTimeMs: isLogAppendTime ? nowMs : -1 });
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
    if (this.#failure !== null) throw new DamagedLog(this.#failure);
    const { commitLog, clock } = this.#options;
    let offset = -1;
    if (this.#log.producers.hasOpenTransaction(marker.producerId)) {
      if (commitLog.state !== 'open') throw notWritable();
      offset = this.#place(encodeControlBatch(marker), clock.wallMs());
    }
    await commitLog.durable();
    return offset;
  }

  /** Whether the producer has written here since its last marker, durably or not. */
  hasOpenTransaction(producerId: number): boolean {
    return this.#log.producers.hasOpenTransaction(producerId);
  }

  producerStates(): ProducerStates {
    return this.#log.producers;
  }

  /** As `PartitionReader.read`; a stopped partition answers KAFKA_STORAGE_ERROR. */
  read(request: ReadRequest): ReadResult | Promise<ReadResult> {
    if (this.#failure !== null) return this.#reader.error(ErrorCode.KAFKA_STORAGE_ERROR);
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
    assert(offset <= this.#log.highWatermark, 'Only what is durable can be deleted.');
    const { commitLog } = this.#options;
    if (commitLog.state !== 'open') throw notWritable();
    if (offset > this.#log.logStart) {
      commitLog.appendLogStart(this, offset);
      this.#dropBelow(offset);
    }
    await commitLog.durable();
  }

  /** Deletes what is past the topic's retention, whole segments at a time (in memory: whole batches). */
  async applyRetention(): Promise<void> {
    const { clock, store, limits } = this.#options;
    const { retentionMs, retentionBytes, isDeleted } = limits();
    this.#log.producers.expire(clock.wallMs() - PRODUCER_EXPIRATION_MS);
    if (!isDeleted || this.#failure !== null) return;
    const olderThanMs = retentionMs < 0 ? -Infinity : clock.wallMs() - retentionMs;
    const keepBytes = retentionBytes < 0 ? Infinity : retentionBytes;
    const expiredBelow =
      store === null
        ? this.#log.tail.expiredBelow({
            olderThanMs,
            keepBytes,
            endOffset: this.#log.highWatermark,
          })
        : await store.expiredBelow({ olderThanMs, keepBytes });
    if (expiredBelow !== null && expiredBelow > this.#log.logStart) this.#dropBelow(expiredBelow);
  }

  /** Calls `wake` once for each change that may let a waiting fetch be answered, until the returned function is called. */
  onAdvance(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  /** Everything below `offset` is durable. Called by the commit log. */
  advance(offset: number): void {
    this.#log.advance(offset);
    this.#options.onChanged(this);
    this.#wakeAll();
  }

  /** Takes nothing and serves nothing from now on; the files stay as they are. */
  stop(reason: string): void {
    this.#failure = reason;
    this.#options.onChanged(this);
    this.#wakeAll();
  }

  /** The topic is deleted: whoever waits is told, and the files are left to who removes them. */
  delete(): void {
    this.#isDeleted = true;
    this.#failure = 'the topic has been deleted';
    this.#wakeAll();
  }

  /** Puts back what an earlier run left: first its last checkpoint, then what the write-ahead log holds beyond it. */
  recover(checkpoint: PartitionCheckpoint | null, entries: readonly RecoveredEntry[]): void {
    const { clock, onChanged, store } = this.#options;
    if (checkpoint !== null) this.#log.restore(checkpoint.state);
    // The checkpoint's state may be older than its segments.
    this.#log.forgetAborted(store?.firstDirtyOffset ?? 0);
    if (checkpoint !== null && checkpoint.failure !== null) {
      this.stop(checkpoint.failure);
      return;
    }
    for (const entry of entries) {
      if (this.#log.replay(entry, clock.wallMs())) continue;
      this.stop(damagedAt(this.#log.logEnd));
      return;
    }
    store?.dropBelow(this.#log.logStart);
    if (entries.length > 0) onChanged(this);
  }

  /** The state to checkpoint. Called when exactly what is below the high watermark is durable. */
  snapshot(): PartitionState {
    return this.#log.snapshot();
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
    const failure = this.#failure;
    assert(store !== null, 'Only a partition with files is checkpointed.');
    if (failure !== null) return { ...(last ?? EMPTY_PARTITION_CHECKPOINT), failure };
    const batches = this.#log.tail.between(store.endOffset, state.endOffset);
    await store.append(batches, limits(), clock.wallMs());
    await store.sync();
    return { state, store: store.snapshot(), failure: null };
  }

  /** What lies below `offset` is in the segments and need not be in memory any more. */
  releaseMemory(offset: number): void {
    this.#log.tail.dropBelow(offset);
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
    const verdict = this.#log.producers.judge(batch);
    if (verdict.kind === 'append') return null;
    if (verdict.kind === 'refuse') {
      return refuse(
        verdict.errorCode,
        'the epoch or the sequence is not the next of this producer',
      );
    }
    const { baseOffset, logAppendTimeMs } = verdict.original;
    return placedAt({ baseOffset, logAppendTimeMs });
  }

  #place(batch: RecordBatch, nowMs: number): number {
    const baseOffset = this.#log.logEnd;
    this.#log.place(batch, nowMs);
    this.#memorySegments?.add(batch, this.#options.limits(), nowMs);
    const endOffset = this.#log.logEnd;
    this.#options.commitLog.appendBatch(this, { baseOffset, endOffset, bytes: batch.bytes });
    return baseOffset;
  }

  #dropBelow(offset: number): void {
    const { store, onChanged } = this.#options;
    this.#log.moveStart(offset);
    store?.dropBelow(offset);
    // With files, the memory keeps what the next checkpoint still has to write.
    if (store === null) this.#log.tail.dropBelow(offset);
    onChanged(this);
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

function refuse(errorCode: ErrorCode, message: string): AppendResult {
  return refused(refusal(errorCode, message));
}

function totalBytes(batches: readonly TailBatch[]): number {
  return batches.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
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
