import {
  bucketOf,
  bucketStart,
  type EventBeforeQuery,
  type EventQuery,
  type JournalRow,
  SEQ_MAX,
} from '@chat-cluster/journal';
import { decodeRun, type StoredRun } from './run-codec.ts';
import { RUN_EVENTS_MAX } from './runs.ts';
import type { Session } from './session.ts';

/** Entities that one request asks for. Each costs Cassandra a read, the request is paid once. */
const ENTITIES_PER_REQUEST = 50;

const READ_RANGE =
  'SELECT entity_id, seq, events, times, source, offsets FROM journal ' +
  'WHERE entity_type = ? AND entity_id IN ? AND bucket = ? AND seq >= ? AND seq < ?';

/** Queries for the same numbers of some entities, and where their rows go. */
type Group = {
  readonly entityIds: readonly string[];
  readonly seqFrom: number;
  /** Exclusive. */
  readonly seqTo: number;
  readonly rowsOf: ReadonlyMap<string, JournalRow[]>;
};

/** For each query its rows, in the order asked. Queries for the same numbers share requests. */
export async function readEvents(
  session: Session,
  entityType: string,
  queries: readonly EventQuery[],
): Promise<readonly (readonly JournalRow[])[]> {
  const rowsByRange = new Map<string, Map<string, JournalRow[]>>();
  const groups: Group[] = [];
  for (const [range, same] of Map.groupBy(queries, rangeOf)) {
    const rowsOf = new Map(same.map(({ entityId }): [string, JournalRow[]] => [entityId, []]));
    rowsByRange.set(range, rowsOf);
    const { seqFrom, countMax } = same[0] ?? { seqFrom: 0, countMax: 0 };
    const entityIds = [...rowsOf.keys()];
    for (let from = 0; from < entityIds.length; from += ENTITIES_PER_REQUEST) {
      groups.push({
        entityIds: entityIds.slice(from, from + ENTITIES_PER_REQUEST),
        seqFrom,
        seqTo: Math.min(seqFrom + countMax, SEQ_MAX + 1),
        rowsOf,
      });
    }
  }
  await session.forEach(groups, (group) => readGroup(session, entityType, group));
  return queries.map((query) => rowsByRange.get(rangeOf(query))?.get(query.entityId) ?? []);
}

/** The rows right before `seqBefore`: there are no gaps, so that their numbers are known. */
export async function readEventsBefore(
  session: Session,
  entityType: string,
  { entityId, seqBefore, countMax }: EventBeforeQuery,
): Promise<readonly JournalRow[]> {
  const seqFrom = Math.max(0, seqBefore - countMax);
  const ranges: { readonly seqFrom: number; readonly seqTo: number }[] = [];
  for (let seq = seqFrom; seq < seqBefore; seq = bucketEnd(seq)) {
    ranges.push({ seqFrom: seq, seqTo: Math.min(bucketEnd(seq), seqBefore) });
  }
  const parts = await session.forEach(ranges, (range) =>
    readBucket(session, entityType, { entityIds: [entityId], ...range }),
  );
  return parts.flat();
}

/** Bucket by bucket, as long as entities fill the one before up to its end. */
async function readGroup(session: Session, entityType: string, group: Group): Promise<void> {
  let { entityIds, seqFrom } = group;
  while (entityIds.length > 0 && seqFrom < group.seqTo) {
    const seqTo = Math.min(bucketEnd(seqFrom), group.seqTo);
    const rows = await readBucket(session, entityType, { entityIds, seqFrom, seqTo });
    for (const row of rows) group.rowsOf.get(row.entityId)?.push(row);
    entityIds = entityIds.filter((entityId) => {
      return group.rowsOf.get(entityId)?.at(-1)?.seq === seqTo - 1;
    });
    seqFrom = seqTo;
  }
}

/** The rows of one bucket of each entity; those of an entity lie together, ascending by seq, each once. */
async function readBucket(
  session: Session,
  entityType: string,
  range: {
    readonly entityIds: readonly string[];
    readonly seqFrom: number;
    readonly seqTo: number;
  },
): Promise<readonly JournalRow[]> {
  const { entityIds, seqFrom, seqTo } = range;
  // A run is found by its last event, which may lie behind what is asked for.
  const lastTo = Math.min(seqTo + RUN_EVENTS_MAX - 1, bucketEnd(seqFrom));
  const stored = await session.read<StoredRun>({
    query: READ_RANGE,
    params: [entityType, entityIds, bucketOf(seqFrom), BigInt(seqFrom), BigInt(lastTo)],
  });
  return mergeRuns(stored).filter(({ seq }) => seq >= seqFrom && seq < seqTo);
}

/** Runs may overlap, and one that ends later may begin earlier. */
function mergeRuns(runs: readonly StoredRun[]): readonly JournalRow[] {
  const runsOf = Map.groupBy(runs, ({ entity_id }) => entity_id);
  return [...runsOf.values()].flatMap((own) => {
    const rows = own.flatMap(decodeRun).toSorted((a, b) => a.seq - b.seq);
    return rows.filter(({ seq }, index) => seq !== rows[index - 1]?.seq);
  });
}

function rangeOf({ seqFrom, countMax }: EventQuery): string {
  return `${seqFrom}+${countMax}`;
}

function bucketEnd(seq: number): number {
  return bucketStart(bucketOf(seq) + 1);
}
