import type { Journal, JournalRow } from '@chat-cluster/journal';
import type { ShardTail } from '../backlog/shard-tail.ts';
import type { StateDefinition } from '../entity/entity-definition.ts';
import { Entity } from '../entity/entity.ts';

/** The history of an entity has a gap: nothing can be decided on it. Stops the shard. */
export class HistoryGapError extends Error {
  override readonly name = 'HistoryGapError';

  constructor(entityId: string, seqExpected: number, seqFound: number) {
    super(
      `The history of entity ${JSON.stringify(entityId)} has a gap: event ${seqExpected} is neither in the journal nor in the backlog, but event ${seqFound} is.`,
    );
  }
}

/** Rows that one query asks for; an entity that has more after its snapshot is asked again. */
const ROWS_PER_QUERY = 500;

export type RecoverOptions<State, Event> = {
  readonly definition: StateDefinition<State, Event>;
  readonly journal: Journal;
  readonly tail: ShardTail;
  readonly nowMs: number;
};

/**
 * Builds entities: the tail first (it is read before the journal, so that an event that moves from one to the other meanwhile is seen), then snapshots, then the rows
 * after them, merged by seq and checked for gaps. Rows may have a gap where the tail goes on: of two writes under way the later one may be there first.
 * A brand-new entity costs its share of two bulk reads. Rejects with a JournalError (try again if it is retriable) or a HistoryGapError.
 */
export async function recoverEntities<State, Event>(
  options: RecoverOptions<State, Event>,
  entityIds: readonly string[],
): Promise<Entity<State, Event>[]> {
  const { definition, journal, tail } = options;
  const tails = entityIds.map((entityId) => tail.eventsOf(entityId));
  const snapshots = await journal.readSnapshots(definition.type, entityIds);
  const entities = entityIds.map((id, index) => {
    const entity = new Entity<State, Event>({ id, nowMs: options.nowMs });
    const snapshot = snapshots[index];
    entity.begin(definition, snapshot?.state);
    if (snapshot !== undefined) entity.seqNext = entity.snapshotSeqNext = snapshot.seq + 1;
    return entity;
  });
  const rowsBehindGaps = await applyRows(options, entities);
  entities.forEach((entity, index) => {
    for (const event of tails[index] ?? []) applyInOrder(entity, definition, event);
    const behindGap = rowsBehindGaps.get(entity);
    if (behindGap !== undefined) assertSeen(entity, behindGap);
    measure(entity, definition);
  });
  return entities;
}

/** Applies rows up to the first gap of each entity; returns the rows behind those gaps, one an entity. */
async function applyRows<State, Event>(
  { definition, journal }: RecoverOptions<State, Event>,
  entities: readonly Entity<State, Event>[],
): Promise<ReadonlyMap<Entity<State, Event>, JournalRow>> {
  const behindGaps = new Map<Entity<State, Event>, JournalRow>();
  let unfinished = entities;
  while (unfinished.length > 0) {
    const queries = unfinished.map(({ id, seqNext }) => ({
      entityId: id,
      seqFrom: seqNext,
      countMax: ROWS_PER_QUERY,
    }));
    const found = await journal.readEvents(definition.type, queries);
    unfinished = unfinished.filter((entity, index) => {
      const rows = found[index] ?? [];
      for (const row of rows) {
        if (row.seq > entity.seqNext) {
          behindGaps.set(entity, row);
          return false;
        }
        applyInOrder(entity, definition, row);
      }
      return rows.length === ROWS_PER_QUERY;
    });
  }
  return behindGaps;
}

function applyInOrder<State, Event>(
  entity: Entity<State, Event>,
  definition: StateDefinition<State, Event>,
  row: JournalRow,
): void {
  if (row.seq < entity.seqNext) return;
  if (row.seq > entity.seqNext) throw new HistoryGapError(entity.id, entity.seqNext, row.seq);
  entity.apply(definition, row.event);
}

function assertSeen<State, Event>(entity: Entity<State, Event>, { seq }: JournalRow): void {
  if (seq >= entity.seqNext) throw new HistoryGapError(entity.id, entity.seqNext, seq);
}

function measure<State, Event>(
  entity: Entity<State, Event>,
  definition: StateDefinition<State, Event>,
): void {
  try {
    entity.measure(definition);
  } catch (error) {
    entity.spoil(error);
    entity.measure(definition);
  }
}
