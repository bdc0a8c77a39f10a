import { assert } from '@chat-cluster/kernel';
import type { CounterEvent, EngineHarness } from '../engine-harness.ts';
import { isEngineEvent } from '../entity/engine-event.ts';
import type { RecordPosition } from '../shard/shard-context.ts';
import type { SimulatedStore } from './simulated-store.ts';
import { readEvents, type ShardEvent } from './simulation-audit.ts';

/** A reply that a node gave. */
export type SeenReply = { readonly position: RecordPosition; readonly reply: unknown };

/**
 * Whatever was seen outside during a run, by anybody, at any time, was of committed events: snapshots, journal positions, replies and answers. Throws at the first that was not.
 */
export async function auditWhatWasSeen(
  harness: EngineHarness,
  seen: { readonly store: SimulatedStore; readonly replies: readonly SeenReply[] },
): Promise<void> {
  const events = await readEvents(harness);
  auditSnapshots(events, seen.store);
  auditPositions(events, seen.store);
  auditReplies(events, seen.replies);
  await auditAnswers(harness, events);
}

function counterEvent({ event }: ShardEvent): CounterEvent | undefined {
  if (isEngineEvent(event)) return undefined;
  return JSON.parse(Buffer.from(event).toString()) as CounterEvent;
}

/** A snapshot is the state after committed events: nothing that was taken back later is in it. */
function auditSnapshots(events: readonly ShardEvent[], { entries }: SimulatedStore): void {
  for (const entry of entries) {
    if (entry.kind !== 'snapshot') continue;
    const { entityId, seq, state } = entry.snapshot;
    const own = events.filter((event) => event.entityId === entityId && event.seq <= seq);
    const total = own.reduce((sum, event) => sum + (counterEvent(event)?.added ?? 0), 0);
    const { total: found } = JSON.parse(Buffer.from(state).toString()) as { total: number };
    assert(
      own.length === seq + 1 && found === total,
      `The snapshot of ${entityId} at ${seq} has ${found}; its committed events add up to ${total}.`,
    );
  }
}

/** When a position was written, the rows of all events below it were there. */
function auditPositions(events: readonly ShardEvent[], { entries }: SimulatedStore): void {
  const rows = new Set<string>();
  const checked = new Map<number, number>();
  for (const entry of entries) {
    if (entry.kind === 'row') rows.add(`${entry.row.entityId}/${entry.row.seq}`);
    if (entry.kind !== 'position') continue;
    const { shard, position } = entry;
    const from = checked.get(shard) ?? 0;
    const below = events.filter(
      (event) =>
        event.shard === shard &&
        event.eventNumber > from &&
        event.eventNumber <= position.eventNumber,
    );
    for (const event of below) {
      assert(
        rows.has(`${event.entityId}/${event.seq}`) && event.offset < position.offset,
        `Shard ${shard}'s position ${position.eventNumber} was written before the row of event ${event.eventNumber}.`,
      );
    }
    checked.set(shard, Math.max(from, position.eventNumber));
  }
}

/** A reply to a record is what was committed for it. */
function auditReplies(events: readonly ShardEvent[], replies: readonly SeenReply[]): void {
  const totals = new Map<string, number | undefined>();
  for (const event of events) {
    const { partition, offset } = event.source;
    const decided = counterEvent(event);
    if (decided) totals.set(`${partition}/${offset}`, decided.total);
  }
  for (const { position, reply } of replies) {
    const committed = totals.get(`${position.partition}/${position.offset}`);
    assert(committed === reply, `The reply ${String(reply)} was not committed as ${committed}.`);
  }
}

/** An answer is the sum of the entity's last numbers as they were at some time. */
async function auditAnswers(harness: EngineHarness, events: readonly ShardEvent[]): Promise<void> {
  const answers = (await harness.values('answers')) as { id: string; count: number; sum: number }[];
  for (const { id, count, sum } of answers) {
    const own = events.filter(({ entityId }) => entityId === id);
    const added = own.map((event) => counterEvent(event)?.added ?? 0);
    const isKnown = [...own.keys(), own.length].some((end) => {
      const last = added.slice(Math.max(0, end - count), end);
      return last.reduce((total, each) => total + each, 0) === sum;
    });
    assert(isKnown, `The last ${count} numbers of ${id} never added up to ${sum}.`);
  }
}
