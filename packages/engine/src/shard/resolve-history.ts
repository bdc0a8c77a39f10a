import { JournalError, type Journal } from '@chat-cluster/journal';
import { sleep, type Timers } from '@chat-cluster/kernel';
import type { ShardTail } from '../backlog/shard-tail.ts';
import type { Decision, StateDefinition } from '../entity/entity-definition.ts';
import { readHistory, type HistoryQuery, type PastEvent } from '../recovery/read-history.ts';
import { HistoryGapError } from '../recovery/recover-entities.ts';

export type AskedHistory<Event> = Extract<Decision<Event>, { kind: 'history' }>;

/** A decision that waits for nothing more. `threw`: the entity's code did. */
export type Resolved<Event> =
  | Exclude<Decision<Event>, { kind: 'history' }>
  | { readonly kind: 'threw'; readonly reason: string };

export type ResolveOptions<Event> = {
  readonly definition: Pick<StateDefinition<never, Event>, 'type' | 'decodeEvent'>;
  readonly journal: Journal;
  readonly tail: ShardTail;
  readonly timers: Timers;
  /** False when nobody waits for the decision any more. */
  readonly lasts: () => boolean;
};

/** Events that a decision may ask for at once: it can ask again. */
const HISTORY_EVENTS_MAX = 1_000;
const RETRY_MS = 200;

/**
 * Reads what a decision has asked for, and what it asks for then, until it is made; while the journal is away it tries again. Undefined when nobody waits any more. What is asked for must be
 * older each time, so that this ends. Rejects with a HistoryGapError, or a JournalError that will not get better.
 *
 * @param seqNext the next seq of the entity when it asked
 */
export async function resolveHistory<Event>(
  options: ResolveOptions<Event>,
  entity: { readonly id: string; readonly seqNext: number },
  asked: AskedHistory<Event>,
): Promise<Resolved<Event> | undefined> {
  let decision: Decision<Event> = asked;
  let seqBound = entity.seqNext + 1;
  while (decision.kind === 'history') {
    const { seqBefore, countMax, resume }: AskedHistory<Event> = decision;
    const problem = problemOf({ seqBefore, countMax }, seqBound);
    if (problem !== undefined) return { kind: 'threw', reason: problem };
    seqBound = seqBefore;
    try {
      const query = { entityId: entity.id, seqBefore, countMax };
      const events = await readUntilAnswered(options, query);
      if (events === undefined) return undefined;
      decision = resume(events);
    } catch (error) {
      if (error instanceof HistoryGapError || error instanceof JournalError) throw error;
      return { kind: 'threw', reason: error instanceof Error ? error.message : String(error) };
    }
  }
  if (decision.kind === 'decided' && decision.events.length > 0) {
    return { kind: 'threw', reason: 'A decision that has read history has no events.' };
  }
  return decision;
}

async function readUntilAnswered<Event>(
  options: ResolveOptions<Event>,
  query: HistoryQuery,
): Promise<PastEvent<Event>[] | undefined> {
  while (options.lasts()) {
    try {
      return await readHistory(options, query);
    } catch (error) {
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
    return `A decision asked for history before seq ${seqBefore}; it must be below ${seqBound}.`;
  }
  if (Number.isSafeInteger(countMax) && countMax >= 1 && countMax <= HISTORY_EVENTS_MAX) {
    return undefined;
  }
  return `A decision asked for ${countMax} events of history; 1 to ${HISTORY_EVENTS_MAX} are given.`;
}
