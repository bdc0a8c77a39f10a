import type { Partition } from '../partitions/partition.ts';
/**
 * DeleteRecords, versions 0 to 2.
 *
 * Moves the start of the log to the offset, or for -1 to the high watermark; never back. Answers when that is durable.
 * Files below it go with a later checkpoint. `timeoutMs` is ignored.
 */
import { ErrorCode } from '../wire/error-codes.ts';
import { deleteRecords } from '../wire/messages/21-delete-records.ts';
import { on } from './handler.ts';

const HIGH_WATERMARK = -1;

export const deleteRecordsHandler = on(deleteRecords, async ({ topics }, { broker }) => {
  const answered = await Promise.all(
    topics.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(
        partitions.map(async ({ partitionIndex, offset }) => {
          const partition = broker.topics.byName(name)?.partitions[partitionIndex];
          return { partitionIndex, ...(await moveStart(partition, offset)) };
        }),
      ),
    })),
  );
  broker.requestCheckpoint();
  return { topics: answered };
});

async function moveStart(
  partition: Partition | undefined,
  offset: number,
): Promise<{ lowWatermark: number; errorCode: ErrorCode }> {
  if (partition === undefined) return failed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  if (partition.failure !== null) return failed(ErrorCode.KAFKA_STORAGE_ERROR);
  const target = offset === HIGH_WATERMARK ? partition.highWatermark : offset;
  if (target < 0 || target > partition.highWatermark) return failed(ErrorCode.OFFSET_OUT_OF_RANGE);
  return partition.moveLogStart(target).then(
    () => ({ lowWatermark: partition.logStartOffset, errorCode: ErrorCode.NONE }),
    () => failed(ErrorCode.KAFKA_STORAGE_ERROR),
  );
}

function failed(errorCode: ErrorCode) {
  return { lowWatermark: -1, errorCode };
}
