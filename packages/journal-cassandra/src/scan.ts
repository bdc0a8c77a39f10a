import { EVENTS_PER_BUCKET, type JournalRow } from '@chat-cluster/journal';
import { readEvents } from './read-events.ts';
import type { Session } from './session.ts';

const LIST_BUCKETS = 'SELECT DISTINCT entity_type, entity_id, bucket FROM journal';

type StoredBucket = {
  readonly entity_type: string;
  readonly entity_id: string;
  readonly bucket: number;
};

/**
 * Every row of an entity type. Cassandra lists partitions in an order of its own, in which the buckets
 * of an entity lie apart: so each first bucket names an entity, whose buckets are then read in order.
 */
export async function* scan(
  session: Session,
  entityType: string,
): AsyncGenerator<JournalRow, void, void> {
  for await (const page of session.pages<StoredBucket>({ query: LIST_BUCKETS, params: [] })) {
    for (const bucket of page) {
      if (bucket.entity_type === entityType && bucket.bucket === 0) {
        yield* scanEntity(session, entityType, bucket.entity_id);
      }
    }
  }
}

async function* scanEntity(
  session: Session,
  entityType: string,
  entityId: string,
): AsyncGenerator<JournalRow, void, void> {
  for (let seqFrom = 0; ; seqFrom += EVENTS_PER_BUCKET) {
    const query = { entityId, seqFrom, countMax: EVENTS_PER_BUCKET };
    const [rows = []] = await readEvents(session, entityType, [query]);
    yield* rows;
    if (rows.length < EVENTS_PER_BUCKET) return;
  }
}
