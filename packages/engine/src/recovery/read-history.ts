import type { Journal, JournalRow } from '@chat-cluster/journal';
import type { ShardTail } from '../backlog/shard-tail.ts';
import { isEngineEvent } from '../entity/engine-event.ts';
import type { PastEvent, StateDefinition } from '../entity/entity-definition.ts';
import { HistoryGapError } from './recover-entities.ts';
import { RowsPerRead } from './rows-per-read.ts';

export type HistoryQuery = {
  readonly entityId: string;
  readonly seqBefore: number;
  readonly countMax: number;
};

/** What one read of rows aims at. */
const READ_BYTES = 1_048_576;

/** More rows were asked for than may be held. */
export class HistoryTooLargeError extends Error {
  override readonly name = 'HistoryTooLargeError';
}

/** Of rows, as encoded; what was read is taken from it. */
export type HistoryRoom = { bytesLeft: number };

/**
 * Older events of an entity, ascending: the newest `countMax` with seq < `seqBefore`, less the engine's own among them. The tail is read first, then rows, newest first, a few at a time;
 * merged by seq, checked for gaps. Rejects with a JournalError or HistoryGapError, with a HistoryTooLargeError when `room` is used up (default: there is no end of it), or with what decodeEvent throws.
 */
export async function readHistory<Event>(
  options: {
    readonly definition: Pick<StateDefinition<never, Event>, 'type' | 'decodeEvent'>;
    readonly journal: Journal;
    readonly tail: ShardTail;
    readonly room?: HistoryRoom;
  },
  query: HistoryQuery,
): Promise<PastEvent<Event>[]> {
  const { definition, tail } = options;
  const seqFrom = Math.max(0, query.seqBefore - query.countMax);
  const inTail = tail
    .eventsOf(query.entityId)
    .filter(({ seq }) => seq >= seqFrom && seq < query.seqBefore);
  const seqTail = inTail[0]?.seq ?? query.seqBefore;
  const rows = await readRows(options, { entityId: query.entityId, seqFrom, seqBefore: seqTail });
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

/** Rows with seqFrom ≤ seq < seqBefore, ascending, as far as there are any without a gap before `seqBefore`. */
async function readRows(
  options: {
    readonly definition: { readonly type: string };
    readonly journal: Journal;
    readonly room?: HistoryRoom;
  },
  asked: { readonly entityId: string; readonly seqFrom: number; readonly seqBefore: number },
): Promise<readonly JournalRow[]> {
  const { definition, journal, room = { bytesLeft: Infinity } } = options;
  const { entityId, seqFrom } = asked;
  const perRead = new RowsPerRead(READ_BYTES);
  const pieces: (readonly JournalRow[])[] = [];
  let { seqBefore } = asked;
  while (seqBefore > seqFrom) {
    const countMax = Math.min(perRead.count, seqBefore - seqFrom);
    const rows = await journal.readEventsBefore(definition.type, { entityId, seqBefore, countMax });
    for (const { event } of rows) room.bytesLeft -= event.byteLength;
    if (room.bytesLeft < 0) throw new HistoryTooLargeError();
    pieces.unshift(rows);
    perRead.saw(rows);
    // Rows in front of a gap may be left out: then there is no point in reading on.
    if (rows.length < countMax) break;
    seqBefore -= countMax;
  }
  return pieces.flat();
}
