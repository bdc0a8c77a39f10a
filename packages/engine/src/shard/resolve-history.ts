import { JournalError, type Journal } from '@chat-cluster/journal';
import { sleep, type Timers } from '@chat-cluster/kernel';
import type { ShardTail } from '../backlog/shard-tail.ts';
import type { PastEvent, StateDefinition } from '../entity/entity-definition.ts';
import {
  HistoryTooLargeError,
  readHistory,
  type HistoryQuery,
  type HistoryRoom,
} from '../recovery/read-history.ts';
import { HistoryGapError } from '../recovery/recover-entities.ts';

/** Asks for older events; in the end it is `Done`. */
export type AskedHistory<Event, Done> = {
  readonly kind: 'history';
  readonly seqBefore: number;
  readonly countMax: number;
  readonly resume: (events: readonly PastEvent<Event>[]) => Done | AskedHistory<Event, Done>;
};

/** The entity's code threw. */
export type Threw = { readonly kind: 'threw'; readonly reason: string };

export type ResolveOptions<Event> = {
  readonly definition: Pick<StateDefinition<never, Event>, 'type' | 'decodeEvent'>;
  readonly journal: Journal;
  readonly tail: ShardTail;
  readonly timers: Timers;
  /** False when nobody waits any more. */
  readonly lasts: () => boolean;
  /** Of rows that may be read in all; default: no bound but that of the events that may be asked for. */
  readonly bytesMax?: number;
};

/** Events that may be asked for at once: it can ask again. */
const HISTORY_EVENTS_MAX = 1_000;
const RETRY_MS = 200;

/**
 * Reads what a decision or an answer has asked for, and what it asks for then, until it is made; while the journal is away it tries again. Undefined when nobody waits any more. What is asked
 * for must be older each time, so that this ends. Rejects with a HistoryGapError, or a JournalError that will not get better.
 *
 * @param seqNext the next seq of the entity when it asked
 */
export async function resolveHistory<Event, Done extends { readonly kind: string }>(
  options: ResolveOptions<Event>,
  entity: { readonly id: string; readonly seqNext: number },
  asked: AskedHistory<Event, Done>,
): Promise<Done | Threw | undefined> {
  let next: Done | AskedHistory<Event, Done> = asked;
  let seqBound = entity.seqNext + 1;
  const { bytesMax = Infinity } = options;
  const room = { bytesLeft: bytesMax };
  while (isAsked(next)) {
    const { seqBefore, countMax, resume }: AskedHistory<Event, Done> = next;
    const problem = problemOf({ seqBefore, countMax }, seqBound);
    if (problem !== undefined) return { kind: 'threw', reason: problem };
    seqBound = seqBefore;
    try {
      const query = { entityId: entity.id, seqBefore, countMax };
      const events = await readUntilAnswered({ ...options, room }, query);
      if (events === undefined) return undefined;
      next = resume(events);
    } catch (error) {
      if (error instanceof HistoryGapError || error instanceof JournalError) throw error;
      if (error instanceof HistoryTooLargeError) {
        const reason = `More than ${bytesMax} bytes of history were asked for. Ask for less.`;
        return { kind: 'threw', reason };
      }
      return { kind: 'threw', reason: error instanceof Error ? error.message : String(error) };
    }
  }
  return next;
}

function isAsked<Event, Done extends { readonly kind: string }>(
  next: Done | AskedHistory<Event, Done>,
): next is AskedHistory<Event, Done> {
  return next.kind === 'history';
}

async function readUntilAnswered<Event>(
  options: ResolveOptions<Event> & { readonly room: HistoryRoom },
  query: HistoryQuery,
): Promise<PastEvent<Event>[] | undefined> {
  const { bytesLeft } = options.room;
  while (options.lasts()) {
    try {
      return await readHistory(options, query);
    } catch (error) {
      options.room.bytesLeft = bytesLeft;
      if (!(error instanceof JournalError) || !error.retriable) throw error;
      await sleep(options.timers, RETRY_MS);
    }
  }
  return undefined;
}

function problemOf(
  { seqBefore, countMax }: { seqBefore: number; countMax: number },
  seqBound: number,
): string | undefined {
  if (!Number.isSafeInteger(seqBefore) || seqBefore < 0 || seqBefore >= seqBound) {
    return `History was asked for before seq ${seqBefore}; it must be below ${seqBound}.`;
  }
  if (Number.isSafeInteger(countMax) && countMax >= 1 && countMax <= HISTORY_EVENTS_MAX) {
    return undefined;
  }
  return `${countMax} events of history were asked for; 1 to ${HISTORY_EVENTS_MAX} are given.`;
}
