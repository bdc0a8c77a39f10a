import type { ShardRow } from '@chat-cluster/journal';
import type { EntityKeys } from './keys.ts';
import { decodeShard, encodeShard, placed, toShardRow } from './shard-codec.ts';
import type { Tables } from './tables.ts';
import { transact } from './transact.ts';

/** The first count stays (promise 6). Returns the one that is pinned. */
export async function pinPartitionCount(
  tables: Tables,
  keys: EntityKeys,
  partitionCount: number,
): Promise<number> {
  let pinned = partitionCount;
  await transact(tables, {
    compare: () => {
      const before = tables.partitionCount.getBinary(keys.prefix);
      if (before) {
        pinned = before.readUInt32BE(0);
        return;
      }
      const value = Buffer.alloc(4);
      value.writeUInt32BE(partitionCount);
      void tables.partitionCount.put(keys.prefix, value);
    },
  });
  return pinned;
}

export async function placeShard(
  tables: Tables,
  keys: EntityKeys,
  shard: Omit<ShardRow, 'position'>,
): Promise<void> {
  await transact(tables, {
    compare: () => {
      const key = keys.shard(shard.shard);
      const stored = decodeShard(tables.shard.getBinary(key));
      void tables.shard.put(key, encodeShard(placed(stored, shard)));
    },
  });
}

export function readShard(tables: Tables, keys: EntityKeys, shard: number): ShardRow | undefined {
  return toShardRow(shard, decodeShard(tables.shard.getBinary(keys.shard(shard))));
}
