import type { Journal } from '@chat-cluster/journal';
import type { ShardTail } from '../backlog/shard-tail.ts';
import { isEngineEvent } from '../entity/engine-event.ts';
import type { PastEvent, StateDefinition } from '../entity/entity-definition.ts';
import { HistoryGapError } from './recover-entities.ts';

export type HistoryQuery = {
  readonly entityId: string;
  readonly seqBefore: number;
  readonly countMax: number;
};

/**
 * Older events of an entity, ascending: the newest `countMax` with seq < `seqBefore`, less the engine's own among them. The tail is read first, then rows; merged by seq, checked for gaps.
 * Rejects with a JournalError or HistoryGapError, or with what decodeEvent throws.
 */
export async function readHistory<Event>(
  options: {
    readonly definition: Pick<StateDefinition<never, Event>, 'type' | 'decodeEvent'>;
    readonly journal: Journal;
    readonly tail: ShardTail;
  },
  query: HistoryQuery,
): Promise<PastEvent<Event>[]> {
  const { definition, journal, tail } = options;
  const seqFrom = Math.max(0, query.seqBefore - query.countMax);
  const inTail = tail
    .eventsOf(query.entityId)
    .filter(({ seq }) => seq >= seqFrom && seq < query.seqBefore);
  const seqTail = inTail[0]?.seq ?? query.seqBefore;
  const rows =
    seqTail === seqFrom
      ? []
      : await journal.readEventsBefore(definition.type, {
          entityId: query.entityId,
          seqBefore: seqTail,
          countMax: seqTail - seqFrom,
        });
  const found = [...rows, ...inTail];
  found.forEach(({ seq }, index) => {
    if (seq !== seqFrom + index) throw new HistoryGapError(query.entityId, seqFrom + index, seq);
  });
  if (found.length < query.seqBefore - seqFrom) {
    throw new HistoryGapError(query.entityId, seqFrom + found.length, query.seqBefore);
  }
  return found
    .filter(({ event }) => !isEngineEvent(event))
    .map(({ seq, event }) => ({ seq, event: definition.decodeEvent(event) }));
}
