/**
 * OffsetFetch, versions 1 to 9; several groups from version 8 on.
 *
 * With requireStable, an offset that an open transaction may change is UNSTABLE_OFFSET_COMMIT; asked for all partitions,
 * those that only a transaction has staged are listed too. An offset that was never committed is -1 without an error. The member id
 * and epoch of version 9 belong to KIP-848 and are not read.
 */
import type { OffsetReading } from '../groups/committed-offsets.ts';
import type { GroupOffsets, PartitionName } from '../groups/group-offsets.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { offsetFetch } from '../wire/messages/09-offset-fetch.ts';
import { on } from './handler.ts';

/** Null: all partitions that the group has offsets of. */
type RequestedTopics =
  | readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[]
  | null;

export const offsetFetchHandler = on(offsetFetch, async (request, { broker, version }) => {
  const { requireStable } = request;
  const { offsets } = broker.groups;
  if (version < 8) {
    const { groupId, topics } = request;
    return { topics: await readTopics(offsets, { groupId, topics, requireStable }) };
  }
  const read = async ({ groupId, topics }: { groupId: string; topics: RequestedTopics }) => ({
    groupId,
    topics: await readTopics(offsets, { groupId, topics, requireStable }),
  });
  return { groups: await Promise.all(request.groups.map(read)) };
});

async function readTopics(
  offsets: GroupOffsets,
  of: { groupId: string; topics: RequestedTopics; requireStable: boolean },
) {
  const { groupId, topics, requireStable } = of;
  const partitions = topics?.flatMap(partitionsOf) ?? null;
  const readings = await offsets.read({ groupId, partitions, requireStable });
  const byTopic = Map.groupBy(readings, ({ topic }) => topic);
  return [...byTopic].map(([name, ofTopic]) => ({
    name,
    partitions: ofTopic.map(({ partition, reading }) => ({
      partitionIndex: partition,
      ...fieldsOf(reading),
    })),
  }));
}

function partitionsOf({
  name,
  partitionIndexes,
}: NonNullable<RequestedTopics>[number]): PartitionName[] {
  return partitionIndexes.map((partition) => ({ topic: name, partition }));
}

function fieldsOf(reading: OffsetReading) {
  const isCommitted = reading.kind === 'committed';
  return {
    committedOffset: isCommitted ? reading.offset.offset : -1,
    committedLeaderEpoch: isCommitted ? reading.offset.leaderEpoch : -1,
    metadata: isCommitted ? reading.offset.metadata : '',
    errorCode: reading.kind === 'unstable' ? ErrorCode.UNSTABLE_OFFSET_COMMIT : ErrorCode.NONE,
  };
}
