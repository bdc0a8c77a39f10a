import type { ShardRow } from '@chat-cluster/journal';
import { assert, type Clock } from '@chat-cluster/kernel';
import { int64 } from './int64.ts';
import type { Session } from './session.ts';
import type { SettledWrites } from './settled-writes.ts';

const READ_SHARDS =
  'SELECT shard, event_topic_id, input_topic_ids, position_offset, event_number FROM shard ' +
  'WHERE entity_type = ? AND shard IN ?';

const PLACE_SHARD =
  'UPDATE shard USING TIMESTAMP ? SET event_topic_id = ?, input_topic_ids = input_topic_ids + ? ' +
  'WHERE entity_type = ? AND shard = ?';

const READ_PARTITION_COUNT = 'SELECT partition_count FROM shard WHERE entity_type = ? LIMIT 1';

const PIN_PARTITION_COUNT =
  'INSERT INTO shard (entity_type, partition_count) VALUES (?, ?) USING TIMESTAMP ?';

/** Greater than any time in milliseconds of this millennium, and long past as microseconds. */
const FIRST_WINS_BASE = 1e15;

type StoredShard = {
  readonly shard: number;
  readonly event_topic_id: string | null;
  readonly input_topic_ids: Readonly<Record<string, string>> | null;
  readonly position_offset: bigint | null;
  readonly event_number: bigint | null;
};

/** What is placed must stay: it is written once. */
type ShardAccess = {
  readonly session: Session;
  readonly settled: SettledWrites;
  readonly clock: Clock;
};

/**
 * The first count stays (promise 6): it is written only where there is none, with a timestamp that
 * falls as time goes on, and read back, so that of two first ones both callers get the same.
 */
export async function pinPartitionCount(
  { session, settled, clock }: ShardAccess,
  entityType: string,
  partitionCount: number,
): Promise<number> {
  const before = await readPartitionCount(session, entityType);
  if (before !== undefined) return before;
  const params = [entityType, partitionCount, firstWinsTimestamp(clock)];
  await settled.settle(() => session.write([{ query: PIN_PARTITION_COUNT, params }]));
  const pinned = await readPartitionCount(session, entityType);
  assert(pinned !== undefined, 'A partition count that was written is read.');
  return pinned;
}

/** Writes what is not there yet, first come first served; never the position (promise 10). */
export async function placeShard(
  { session, settled, clock }: ShardAccess,
  entityType: string,
  shard: Omit<ShardRow, 'position'>,
): Promise<void> {
  const [before] = await readShards(session, entityType, [shard.shard]);
  const topicIdsNew = Object.fromEntries(
    Object.entries(shard.inputTopicIds).filter(([topic]) => !before?.inputTopicIds[topic]),
  );
  if (before && Object.keys(topicIdsNew).length === 0) return;
  const eventTopicId = before?.eventTopicId ?? shard.eventTopicId;
  const params = [firstWinsTimestamp(clock), eventTopicId, topicIdsNew, entityType, shard.shard];
  await settled.settle(() => session.write([{ query: PLACE_SHARD, params }]));
}

/** In the order asked; undefined for one that was never placed. */
export async function readShards(
  session: Session,
  entityType: string,
  shards: readonly number[],
): Promise<readonly (ShardRow | undefined)[]> {
  session.assertOpen();
  if (shards.length === 0) return [];
  const params = [entityType, [...new Set(shards)]];
  const stored = await session.read<StoredShard>({ query: READ_SHARDS, params });
  const found = new Map(stored.map((row) => [row.shard, toShardRow(row)]));
  return shards.map((shard) => found.get(shard));
}

async function readPartitionCount(
  session: Session,
  entityType: string,
): Promise<number | undefined> {
  const [row] = await session.read<{ readonly partition_count: number | null }>({
    query: READ_PARTITION_COUNT,
    params: [entityType],
  });
  return row?.partition_count ?? undefined;
}

/** A row with a position only was written late, by a former owner of a shard that is not placed. */
function toShardRow(stored: StoredShard): ShardRow | undefined {
  if (stored.event_topic_id === null) return undefined;
  return {
    shard: stored.shard,
    eventTopicId: stored.event_topic_id,
    inputTopicIds: stored.input_topic_ids ?? {},
    position: {
      offset: Number(stored.position_offset ?? 0),
      eventNumber: Number(stored.event_number ?? 0),
    },
  };
}

function firstWinsTimestamp(clock: Clock): Buffer {
  return int64(FIRST_WINS_BASE - Math.floor(clock.wallMs()));
}
