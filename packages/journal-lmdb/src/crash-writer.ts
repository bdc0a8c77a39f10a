// A process of lmdb-crash.itest.ts and opening-lock.itest.ts: appends to one shard, without end, and tells
// each event number that is acknowledged. It is killed in the middle of it.
import { once } from 'node:events';
import { ENTITIES_PER_SHARD } from './check-crash-shard.ts';
import { openLmdbJournal } from './open-lmdb-journal.ts';

const ROWS_PER_BATCH = 100;

const [{ dir, shard }] = (await once(process, 'message')) as [{ dir: string; shard: number }];
const journal = await openLmdbJournal({ dir });
await journal.placeShard('crash', { shard, eventTopicId: 'e', inputTopicIds: {} });
const [row] = await journal.readShards('crash', [shard]);
for (let eventNumber = row?.position.eventNumber ?? 0; ;) {
  const rows = Array.from({ length: ROWS_PER_BATCH }, (_, index) => ({
    entityId: `${shard}-${(eventNumber + index) % ENTITIES_PER_SHARD}`,
    seq: Math.floor((eventNumber + index) / ENTITIES_PER_SHARD),
    event: Buffer.alloc(200, 'x'),
    timestampMs: 0,
    source: { topicId: 't', partition: shard, offset: eventNumber + index },
  }));
  eventNumber += ROWS_PER_BATCH;
  const positions = [{ shard, offset: eventNumber, eventNumber }];
  await journal.append({ entityType: 'crash', rows, positions });
  process.send?.(eventNumber);
}
