import type { JournalPosition, ShardRow } from '@chat-cluster/journal';
import { assert } from '@chat-cluster/kernel';

/**
 * What is kept of a shard, as JSON: there are few of them, and a person may have to read them. It
 * may have a position before it is placed, written late by a former owner.
 */
export type StoredShard = Partial<Omit<ShardRow, 'shard' | 'position'>> & {
  readonly position: JournalPosition;
};

const UNPLACED: StoredShard = { position: { offset: 0, eventNumber: 0 } };

export function encodeShard(stored: StoredShard): Uint8Array {
  return Buffer.from(JSON.stringify(stored));
}

export function decodeShard(value: Uint8Array | undefined): StoredShard {
  return value ? (JSON.parse(Buffer.from(value).toString()) as StoredShard) : UNPLACED;
}

/** Undefined for a shard that was never placed. */
export function toShardRow(shard: number, stored: StoredShard): ShardRow | undefined {
  const { eventTopicId, inputTopicIds, position } = stored;
  if (eventTopicId === undefined) return undefined;
  assert(inputTopicIds !== undefined, 'A placed shard has its input topics.');
  return { shard, eventTopicId, inputTopicIds, position };
}

/** Adds what is new: ids that are there stay, and so does the position (promise 10). */
export function placed(stored: StoredShard, shard: Omit<ShardRow, 'position'>): StoredShard {
  return {
    eventTopicId: stored.eventTopicId ?? shard.eventTopicId,
    inputTopicIds: { ...shard.inputTopicIds, ...stored.inputTopicIds },
    position: stored.position,
  };
}

/** The later of both: an old owner's late position loses (promise 3). */
export function advanced(
  stored: StoredShard,
  { offset, eventNumber }: JournalPosition,
): StoredShard {
  const before = stored.position;
  const isLater =
    eventNumber > before.eventNumber ||
    (eventNumber === before.eventNumber && offset > before.offset);
  return isLater ? { ...stored, position: { offset, eventNumber } } : stored;
}
