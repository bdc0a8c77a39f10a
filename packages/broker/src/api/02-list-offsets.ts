/**
 * ListOffsets, versions 1 to 10.
 *
 * - Timestamp -1: the high watermark, or for read_committed the last stable offset. -2 and -4: the start of the log.
 *   -3: the record with the latest time. -5 (tiered storage): none, offset -1.
 * - A time: the first record of that time or later; the batch it is in where that cannot be read.
 */
import type { Partition } from '../partitions/partition.ts';
import { DamagedLog } from '../segments/damaged-log.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { listOffsets } from '../wire/messages/02-list-offsets.ts';
import type { RecordBatch } from '../wire/record-batch.ts';
import { readRecords, type StoredRecord } from '../wire/records.ts';
import { on } from './handler.ts';

const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;

const READ_COMMITTED = 1;
const LEADER_EPOCH = 0;

type Found = { readonly offset: number; readonly timestamp: number };
type Answer = { readonly errorCode: ErrorCode; readonly leaderEpoch: number } & Found;

export const listOffsetsHandler = on(
  listOffsets,
  async ({ topics, isolationLevel }, { broker }) => ({
    topics: await Promise.all(
      topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map(async ({ partitionIndex, timestamp, currentLeaderEpoch }) => {
            const partition = broker.topics.byName(name)?.partitions[partitionIndex];
            const isReadCommitted = isolationLevel === READ_COMMITTED;
            const found = await answerFor(partition, {
              timestamp,
              currentLeaderEpoch,
              isReadCommitted,
            });
            return { partitionIndex, ...found };
          }),
        ),
      })),
    ),
  }),
);

async function answerFor(
  partition: Partition | undefined,
  wanted: { timestamp: number; currentLeaderEpoch: number; isReadCommitted: boolean },
): Promise<Answer> {
  if (partition === undefined) return failed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  if (wanted.currentLeaderEpoch > LEADER_EPOCH) return failed(ErrorCode.UNKNOWN_LEADER_EPOCH);
  if (partition.failure !== null) return failed(ErrorCode.KAFKA_STORAGE_ERROR);
  try {
    const found = await find(partition, wanted);
    const isFound = found.offset >= 0;
    return { errorCode: ErrorCode.NONE, leaderEpoch: isFound ? LEADER_EPOCH : -1, ...found };
  } catch (error) {
    if (error instanceof DamagedLog) partition.stop(error.message);
    return failed(ErrorCode.KAFKA_STORAGE_ERROR);
  }
}

async function find(
  partition: Partition,
  { timestamp, isReadCommitted }: { timestamp: number; isReadCommitted: boolean },
): Promise<Found> {
  const endOffset = isReadCommitted ? partition.lastStableOffset : partition.highWatermark;
  switch (timestamp) {
    case LATEST:
      return { offset: endOffset, timestamp: -1 };
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { offset: partition.logStartOffset, timestamp: -1 };
    case LATEST_TIERED:
      return NOTHING;
    case MAX_TIMESTAMP: {
      const maxTimestampMs = await partition.maxTimestampMs(endOffset);
      return maxTimestampMs < 0 ? NOTHING : findTime(partition, maxTimestampMs, endOffset);
    }
    default:
      return findTime(partition, timestamp, endOffset);
  }
}

async function findTime(
  partition: Partition,
  timestampMs: number,
  endOffset: number,
): Promise<Found> {
  const batch = await partition.findTimestamp(timestampMs, endOffset);
  if (batch === null) return NOTHING;
  const record = findRecord(
    batch,
    (one) => one.timestampMs >= timestampMs && one.offset >= partition.logStartOffset,
  );
  if (record !== null) return { offset: record.offset, timestamp: record.timestampMs };
  const offset = Math.max(batch.baseOffset, partition.logStartOffset);
  return { offset, timestamp: batch.maxTimestampMs };
}

function findRecord(
  batch: RecordBatch,
  isWanted: (record: StoredRecord) => boolean,
): StoredRecord | null {
  try {
    for (const record of readRecords(batch)) if (isWanted(record)) return record;
  } catch {
    // A producer's own malformed records: the batch is as near as one can get.
  }
  return null;
}

const NOTHING: Found = { offset: -1, timestamp: -1 };

function failed(errorCode: ErrorCode): Answer {
  return { errorCode, leaderEpoch: -1, offset: -1, timestamp: -1 };
}
