import { assert, type Clock } from '@chat-cluster/kernel';
import { MemoryBrokerError } from './memory-broker-error.ts';
import { MemoryProducers, type ProducerStamp } from './memory-producers.ts';
import { recordSizeBytesMax, type FetchedRecord, type OutgoingRecord } from './record.ts';

/** How a transaction ended. */
export type EndDirection = 'commit' | 'abort';

/** Records that were appended together, or one control record. */
export type MemoryBatch = {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Empty for a control record, which takes one offset all the same. */
  readonly records: readonly FetchedRecord[];
  /** -1 for a producer without an id. */
  readonly producerId: number;
  readonly isTransactional: boolean;
  /** What a control record says. */
  readonly marker: EndDirection | undefined;
  readonly timestampMs: number;
  readonly sizeBytes: number;
};

/** A transaction of this partition that was aborted: what its producer wrote from `firstOffset` to the marker at `lastOffset` never happened. */
export type AbortedTransaction = {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
};

/** What a read_committed Fetch is answered for one partition: aborted records are among the batches, the reader has to leave them out. */
export type PartitionData = {
  readonly batches: readonly MemoryBatch[];
  /** All that overlap the batches. */
  readonly aborted: readonly AbortedTransaction[];
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly sizeBytes: number;
};

export type IncomingRecord = OutgoingRecord & { readonly timestampMs?: number };

export type AppendOptions = {
  readonly records: readonly IncomingRecord[];
  readonly stamp: ProducerStamp;
  readonly isTransactional: boolean;
};

export type MemoryPartitionOptions = {
  readonly clock: Clock;
  /** LogAppendTime: what the sender says about time is not taken. */
  readonly isLogAppendTime: boolean;
  readonly batchBytesMax: number;
};

/** One partition of the memory broker: its batches, its producers' sequences, its open and aborted transactions. */
export class MemoryPartition {
  readonly #options: MemoryPartitionOptions;
  /** In offset order. Grows without a bound: a memory log is for tests. */
  #batches: MemoryBatch[] = [];
  #logStart = 0;
  #highWatermark = 0;
  readonly #producers = new MemoryProducers();
  /** First offset by producer id, in order of first offsets: an open transaction begins at what was the end. */
  readonly #open = new Map<number, number>();
  /** In order of last offsets. */
  readonly #aborted: AbortedTransaction[] = [];
  /** Called, and forgotten, when the high watermark or the last stable offset moves. */
  #waiting: Set<() => void> = new Set();

  constructor(options: MemoryPartitionOptions) {
    this.#options = options;
  }

  get logStart(): number {
    return this.#logStart;
  }

  get highWatermark(): number {
    return this.#highWatermark;
  }

  /** The first offset that an open transaction holds, the high watermark when there is none. */
  get lastStableOffset(): number {
    const [firstOpen] = this.#open.values();
    return firstOpen ?? this.#highWatermark;
  }

  /** Appends one batch and returns its first offset; a repetition is answered as the first time, and appends nothing. */
  append({ records, stamp, isTransactional }: AppendOptions): number {
    assert(records.length > 0, 'A batch holds at least one record.');
    const sizeBytes = records.reduce((sum, record) => sum + recordSizeBytesMax(record), 0);
    if (sizeBytes > this.#options.batchBytesMax) {
      throw new MemoryBrokerError(
        'MESSAGE_TOO_LARGE',
        `A batch of ${sizeBytes} bytes is over the topic's max.message.bytes of ${this.#options.batchBytesMax}.`,
      );
    }
    const repeatedOffset = this.#producers.admit(stamp, records.length);
    if (repeatedOffset !== undefined) return repeatedOffset;
    const baseOffset = this.#highWatermark;
    if (isTransactional && !this.#open.has(stamp.producerId)) {
      this.#open.set(stamp.producerId, baseOffset);
    }
    this.#producers.remember(stamp, { baseOffset, count: records.length });
    const appendedMs = this.#options.clock.wallMs();
    const timeOf = (record: IncomingRecord): number =>
      this.#options.isLogAppendTime ? appendedMs : (record.timestampMs ?? appendedMs);
    this.#push({
      baseOffset,
      lastOffset: baseOffset + records.length - 1,
      records: storedCopies(records, baseOffset, timeOf),
      producerId: stamp.producerId,
      isTransactional,
      marker: undefined,
      timestampMs: appendedMs,
      sizeBytes,
    });
    return baseOffset;
  }

  /** Ends the producer's transaction here; nothing, when it has none. From now on an older epoch is refused. */
  writeMarker({ producerId, epoch }: ProducerEpoch, direction: EndDirection): void {
    this.#producers.raiseEpoch(producerId, epoch);
    const firstOffset = this.#open.get(producerId);
    if (firstOffset === undefined) return;
    this.#open.delete(producerId);
    const offset = this.#highWatermark;
    if (direction === 'abort') {
      this.#aborted.push({ producerId, firstOffset, lastOffset: offset });
    }
    this.#push({
      baseOffset: offset,
      lastOffset: offset,
      records: [],
      producerId,
      isTransactional: true,
      marker: direction,
      timestampMs: this.#options.clock.wallMs(),
      sizeBytes: MARKER_SIZE_BYTES,
    });
  }

  /** Reads whole batches from the one that holds `position` up to the last stable offset: the first one always, more while they fit. */
  read(position: number, sizeBytesMax: number): PartitionData {
    if (position < this.#logStart || position > this.#highWatermark) {
      throw new MemoryBrokerError(
        'OFFSET_OUT_OF_RANGE',
        `Position ${position} is outside of ${this.#logStart} to ${this.#highWatermark}.`,
      );
    }
    const { lastStableOffset } = this;
    const batches: MemoryBatch[] = [];
    let sizeBytes = 0;
    for (let index = this.#indexOf(position); index < this.#batches.length; index += 1) {
      const batch = this.#batches[index]!;
      if (batch.baseOffset >= lastStableOffset) break;
      if (batches.length > 0 && sizeBytes + batch.sizeBytes > sizeBytesMax) break;
      batches.push(batch);
      sizeBytes += batch.sizeBytes;
    }
    const lastOffset = batches.at(-1)?.lastOffset ?? position;
    return {
      batches,
      aborted: this.#abortedBetween(position, lastOffset),
      highWatermark: this.#highWatermark,
      lastStableOffset,
      sizeBytes,
    };
  }

  /** Offset of the first record at or after a time, undefined when there is none. */
  offsetAt(timestampMs: number): number | undefined {
    for (const batch of this.#batches) {
      const found = batch.records.find((record) => record.timestampMs >= timestampMs);
      if (found && found.offset >= this.#logStart) return found.offset;
    }
    return undefined;
  }

  /** Moves the log's start on, as retention or DeleteRecords does. */
  deleteBefore(offset: number): void {
    assert(offset <= this.#highWatermark, 'What is deleted was written before.');
    this.#logStart = Math.max(this.#logStart, offset);
    this.#batches = this.#batches.filter((batch) => batch.lastOffset >= this.#logStart);
    this.wake();
  }

  /** Calls back once at the next change. The result takes the wish back. */
  onChange(callback: () => void): () => void {
    const waiting = this.#waiting;
    waiting.add(callback);
    return () => waiting.delete(callback);
  }

  /** Lets waiting readers look again. */
  wake(): void {
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const callback of waiting) callback();
  }

  #push(batch: MemoryBatch): void {
    this.#batches.push(batch);
    this.#highWatermark = batch.lastOffset + 1;
    this.wake();
  }

  /** Index of the batch that holds the offset; of the one after it when none does. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#batches[middle]!.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #abortedBetween(fromOffset: number, lastOffset: number): AbortedTransaction[] {
    const overlapping: AbortedTransaction[] = [];
    for (let index = this.#aborted.length - 1; index >= 0; index -= 1) {
      const transaction = this.#aborted[index]!;
      if (transaction.lastOffset < fromOffset) break;
      if (transaction.firstOffset <= lastOffset) overlapping.push(transaction);
    }
    return overlapping.reverse();
  }
}

type ProducerEpoch = { readonly producerId: number; readonly epoch: number };

/** What a control batch takes on the wire. */
const MARKER_SIZE_BYTES = 78;

/** Copies, as the wire does: their sender may go on to use its buffers. All bytes of a batch lie in one buffer. */
function storedCopies(
  records: readonly IncomingRecord[],
  baseOffset: number,
  timeOf: (record: IncomingRecord) => number,
): FetchedRecord[] {
  const buffer = new Uint8Array(records.reduce((sum, record) => sum + byteLengthOf(record), 0));
  let at = 0;
  const copy = (bytes: Uint8Array): Uint8Array => {
    buffer.set(bytes, at);
    at += bytes.byteLength;
    return buffer.subarray(at - bytes.byteLength, at);
  };
  return records.map((record, index) => ({
    offset: baseOffset + index,
    timestampMs: timeOf(record),
    key: record.key && copy(record.key),
    value: record.value && copy(record.value),
    headers: record.headers.map(({ key, value }) => ({
      key,
      value: typeof value === 'string' ? encoder.encode(value) : copy(value),
    })),
  }));
}

/** Of what is copied: text becomes bytes of its own. */
function byteLengthOf(record: OutgoingRecord): number {
  let length = (record.key?.byteLength ?? 0) + (record.value?.byteLength ?? 0);
  for (const { value } of record.headers) {
    if (typeof value !== 'string') length += value.byteLength;
  }
  return length;
}

const encoder = new TextEncoder();
