import { ManualClock, systemTimers } from '@chat-cluster/kernel';
import type { SimulatedDisk } from '../disk/simulated-disk.ts';
import type { Partition } from '../partitions/partition.ts';
import type { TransactionVerifier } from '../partitions/transaction-verifier.ts';
import { createStateJournal } from '../state-journal/state-journal.ts';
import type { TopicOverrides } from '../topics/topic-config.ts';
import { Topics } from '../topics/topics.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { BATCH_HEADER_BYTES, encodeBatch } from '../wire/record-batch.ts';
import type { FlushPolicy } from '../write-ahead-log/flush-policy.ts';
import { openDiskStorage } from './disk-storage.ts';
import { memoryStorage } from './memory-storage.ts';
import type { Storage } from './storage.ts';

const FOLDER = '/data';
const TRANSACTIONAL = 0x10;

/** For tests: the storage and the topics of a broker on a simulated disk or in memory, without network and coordinators. */
export type LogHarness = {
  readonly storage: Storage;
  readonly topics: Topics;
  readonly clock: ManualClock;
  readonly errors: Error[];
  partition(topic: string, index: number): Partition;
  createTopic(
    name: string,
    options?: { partitions?: number; overrides?: TopicOverrides },
  ): Promise<void>;
  /** Appends and waits until it is durable; returns the base offset. */
  append(partition: Partition, batch: Uint8Array): Promise<number>;
  close(): Promise<void>;
};

export async function openLog(
  disk: SimulatedDisk | null,
  {
    flush = 'group',
    logFileBytesMax,
    transactionVerifier = { verify: () => ErrorCode.NONE },
    clock = new ManualClock(),
  }: {
    flush?: FlushPolicy;
    logFileBytesMax?: number;
    transactionVerifier?: TransactionVerifier;
    clock?: ManualClock;
  } = {},
): Promise<LogHarness> {
  const errors: Error[] = [];
  const onError = (error: Error): void => void errors.push(error);
  const storage =
    disk === null
      ? memoryStorage()
      : await openDiskStorage({
          ...{ disk, folder: FOLDER, timers: systemTimers, onError },
          wallMs: () => clock.wallMs(),
          flush,
          ...(logFileBytesMax === undefined ? {} : { logFileBytesMax }),
        });
  const journal = createStateJournal(storage.stateLog);
  const topics = new Topics({ storage, journal, clock, transactionVerifier, onError });
  await journal.open();
  await topics.recover();
  storage.start();
  return {
    storage,
    topics,
    clock,
    errors,
    partition(topic, index) {
      const partition = topics.byName(topic)?.partitions[index];
      if (partition === undefined) throw new Error(`there is no partition ${topic}-${index}`);
      return partition;
    },
    async createTopic(name, { partitions = 1, overrides = {} } = {}) {
      await topics.create({ name, partitionsCount: partitions, overrides }).durable;
    },
    async append(partition, batch) {
      const { errorCode, errorMessage, baseOffset } = partition.append(batch);
      if (errorCode !== ErrorCode.NONE) throw new Error(`${errorCode}: ${errorMessage}`);
      await storage.commitLog.durable();
      return baseOffset;
    },
    async close() {
      await journal.close();
      await storage.close();
    },
  };
}

/** One record without key, value and headers, at its batch's base offset and base time. */
export const EMPTY_RECORD = Buffer.from([12, 0, 0, 0, 1, 1, 0]);

/** A batch of `count` records, which are told apart by `fill`; unless given, the records are not real ones. */
export function testBatch({
  count = 1,
  fill = 1,
  bytes = 50,
  producerId = -1,
  producerEpoch = -1,
  baseSequence = -1,
  isTransactional = false,
  timestampMs = 1000,
  records = Buffer.alloc(bytes, fill),
}: {
  count?: number;
  fill?: number;
  bytes?: number;
  producerId?: number;
  producerEpoch?: number;
  baseSequence?: number;
  isTransactional?: boolean;
  timestampMs?: number;
  records?: Buffer;
} = {}): Buffer {
  const header = {
    baseOffset: 0,
    lastOffsetDelta: count - 1,
    attributes: isTransactional ? TRANSACTIONAL : 0,
    baseTimestampMs: timestampMs,
    maxTimestampMs: timestampMs,
    producerId,
    producerEpoch,
    baseSequence,
    recordsCount: count,
  };
  return encodeBatch(header, records).bytes;
}

/** Everything that a reader gets of a partition, from its start: `offset:fill` of each batch. */
export async function readAll(partition: Partition, isReadCommitted = false): Promise<string[]> {
  const batches: string[] = [];
  let offset = partition.logStartOffset;
  for (;;) {
    const request = { offset, maxBytes: 1000, isExact: false, isReadCommitted };
    const result = await partition.read(request);
    if (result.errorCode !== ErrorCode.NONE) throw new Error(`read: ${result.errorCode}`);
    if (result.sizeBytes === 0) return batches;
    const bytes = Buffer.concat(result.chunks);
    for (let at = 0; at < bytes.byteLength;) {
      const baseOffset = Number(bytes.readBigInt64BE(at));
      batches.push(`${baseOffset}:${bytes[at + BATCH_HEADER_BYTES]}`);
      offset = baseOffset + bytes.readInt32BE(at + 23) + 1;
      at += bytes.readInt32BE(at + 8) + 12;
    }
  }
}
