import type { Journal, JournalAppend } from '@chat-cluster/journal';
import type { Fuse } from './fuse.ts';
import { LATE_ROWS_WRITTEN, rowNamesText } from './late-rows.ts';

/** The same journal; the fuse is told before and after rows and positions are written. */
export function fusedJournal(journal: Journal, fuse: Fuse): Journal {
  return {
    pinPartitionCount: (type, count) => journal.pinPartitionCount(type, count),
    readShards: (type, shards) => journal.readShards(type, shards),
    placeShard: (type, shard) => journal.placeShard(type, shard),
    append: (batch) => append(journal, fuse, batch),
    writeSnapshots: (type, snapshots) => journal.writeSnapshots(type, snapshots),
    readSnapshots: (type, ids) => journal.readSnapshots(type, ids),
    readEvents: (type, queries) => journal.readEvents(type, queries),
    readEventsBefore: (type, query) => journal.readEventsBefore(type, query),
    scan: (type) => journal.scan(type),
    close: () => journal.close(),
  };
}

async function append(journal: Journal, fuse: Fuse, batch: JournalAppend): Promise<void> {
  const hasRows = batch.rows.length > 0;
  const isLate = hasRows && fuse.crossed('rows-unsent', () => rowNamesText(batch.rows));
  const written = journal.append(batch);
  // A turn of the loop later, the adapter has begun to send.
  if (hasRows) setImmediate(() => fuse.crossed('rows-sent'));
  await written;
  if (isLate) fuse.say(LATE_ROWS_WRITTEN);
  fuse.crossed(hasRows ? 'rows-written' : 'position-written');
}
