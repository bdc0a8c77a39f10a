import { checkEventSize, type JournalAppend } from '@chat-cluster/journal';
import type { EntityKeys } from './keys.ts';
import { encodeRows } from './row-codec.ts';
import { advanced, decodeShard, encodeShard } from './shard-codec.ts';
import type { Tables } from './tables.ts';
import { transact } from './transact.ts';

/** Rows and positions in one transaction: nobody sees the one without the other (promise 3). */
export async function append(
  tables: Tables,
  keys: EntityKeys,
  { rows, positions }: JournalAppend,
): Promise<void> {
  if (rows.length === 0 && positions.length === 0) return;
  for (const row of rows) checkEventSize(row);
  const puts = (): void => {
    const values = encodeRows(rows);
    for (const [index, row] of rows.entries()) {
      void tables.journal.put(keys.row(row.entityId, row.seq), values[index] ?? EMPTY);
    }
  };
  const compare = (): void => {
    for (const position of positions) {
      const key = keys.shard(position.shard);
      const stored = decodeShard(tables.shard.getBinary(key));
      const after = advanced(stored, position);
      if (after !== stored) void tables.shard.put(key, encodeShard(after));
    }
  };
  await transact(tables, positions.length === 0 ? { puts } : { puts, compare });
}

const EMPTY = new Uint8Array(0);
