import assert from 'node:assert/strict';
import { openLmdbJournal } from './open-lmdb-journal.ts';

/** The entities that crash-writer.ts fills in turn. */
export const ENTITIES_PER_SHARD = 20;

/** Everything that crash-writer.ts was told to be durable is there, in order, and nothing half. */
export async function checkCrashShard(
  dir: string,
  { shard, eventNumberMin }: { readonly shard: number; readonly eventNumberMin: number },
): Promise<void> {
  const journal = await openLmdbJournal({ dir });
  const [row] = await journal.readShards('crash', [shard]);
  const eventNumber = row?.position.eventNumber ?? 0;
  assert.ok(eventNumber >= eventNumberMin && eventNumberMin > 0);
  const queries = Array.from({ length: ENTITIES_PER_SHARD }, (_, entity) => ({
    entityId: `${shard}-${entity}`,
    seqFrom: 0,
    countMax: 1_000_000,
  }));
  const entities = await journal.readEvents('crash', queries);
  for (const rows of entities) {
    assert.equal(rows.length, eventNumber / ENTITIES_PER_SHARD);
    assert.ok(rows.every((read, index) => read.seq === index && read.event.length === 200));
  }
  await journal.close();
}
