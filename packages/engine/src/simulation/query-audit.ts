import { assert } from '@chat-cluster/kernel';
import type { CounterEvent, EngineHarness } from '../engine-harness.ts';
import { isEngineEvent } from '../entity/engine-event.ts';
import type { Answer } from '../routing/entity-owner.ts';
import type { Asked } from './simulated-askers.ts';
import type { SimulatedNode } from './simulated-node.ts';
import type { SimulatedWatcher } from './simulated-watcher.ts';
import { readEvents, type ShardEvent } from './simulation-audit.ts';

/** Of each shard one worker at most may answer, at any time (R2). */
export function assertOneAnswers(nodes: readonly SimulatedNode[]): void {
  const answering = new Map<number, string>();
  for (const { phase, worker, clientName } of nodes) {
    if (phase === 'ended') continue;
    for (const { shard, mayAnswer } of worker?.shards() ?? []) {
      if (!mayAnswer) continue;
      const other = answering.get(shard);
      assert(other === undefined, `Both ${other} and ${clientName} may answer for shard ${shard}.`);
      answering.set(shard, clientName);
    }
  }
}

/** What was answered and watched during a run is what was committed, at the right time. Throws at the first thing that was not. */
export async function auditQueries(
  harness: EngineHarness,
  seen: {
    readonly asked: readonly Asked[];
    readonly watchers: readonly SimulatedWatcher[];
    /** Nothing that has committed is above the last stable offset for a while. */
    readonly areMarkersPrompt: boolean;
  },
): Promise<void> {
  const events = await readEvents(harness);
  const byEntity = Map.groupBy(events, ({ entityId }) => entityId);
  const answers = seen.asked.flatMap(({ outcome, settledMs, ...rest }) =>
    outcome?.kind === 'answered'
      ? [{ ...rest, settledMs: settledMs ?? 0, answer: outcome.answer }]
      : [],
  );
  for (const answered of answers) {
    auditAnswer(answered, byEntity.get(answered.entityId) ?? [], seen.areMarkersPrompt);
    const earlier = answers.filter(
      ({ entityId, settledMs }) => entityId === answered.entityId && settledMs < answered.askedMs,
    );
    for (const { answer } of earlier) {
      assert(
        answer.seqNext <= answered.answer.seqNext,
        `An answer for ${answered.entityId} with ${answered.answer.seqNext} events came after one with ${answer.seqNext}.`,
      );
    }
  }
  for (const watcher of seen.watchers) auditWatcher(watcher, byEntity.get(watcher.entityId) ?? []);
}

type Answered = Asked & { readonly answer: Answer };

function auditAnswer(answered: Answered, events: readonly ShardEvent[], isExact: boolean): void {
  const { answer, entityId, including, isCurrent, stableBefore, stableThen } = answered;
  const shown = events.slice(0, answer.seqNext);
  const total = shown.reduce((sum, event) => sum + addedBy(event), 0);
  const { total: found } = JSON.parse(Buffer.from(answer.answer).toString()) as { total: number };
  assert(
    shown.length === answer.seqNext && found === total,
    `The answer for ${entityId} is ${found} after ${answer.seqNext} events; those that committed add up to ${total} (R1).`,
  );
  const committedCount = (stable = 0): number =>
    events.filter(({ offset }) => offset < stable).length;
  assert(
    !isExact || answer.seqNext <= committedCount(stableThen),
    `An answer for ${entityId} shows ${answer.seqNext} events; ${committedCount(stableThen)} had committed (R1).`,
  );
  assert(
    !isCurrent || answer.seqNext >= committedCount(stableBefore),
    `${committedCount(stableBefore)} events of ${entityId} had committed when a current answer with ${answer.seqNext} was asked for (R4).`,
  );
  if (including === undefined) return;
  const seqs = new Map<number, number>();
  for (const { seq, source } of events) {
    const isBefore = source.topicId === including.topicId && source.offset < including.offsetNext;
    if (isBefore && !seqs.has(source.offset)) seqs.set(source.offset, seq);
  }
  for (const [offset, seq] of seqs) {
    assert(
      seq < answer.seqNext,
      `The answer for ${entityId} lacks event ${seq}, from offset ${offset}, before the position ${including.offsetNext} (R3).`,
    );
  }
}

/** In the end a watcher has seen each event of the entity's own once, in order (R6). */
function auditWatcher(watcher: SimulatedWatcher, events: readonly ShardEvent[]): void {
  watcher.assertNoFailure();
  const own = events.filter(({ event }) => !isEngineEvent(event));
  const isSame =
    own.length === watcher.events.length &&
    own.every(({ seq, event, timestampMs }, index) => {
      const seen = watcher.events[index];
      const isEqual = seen !== undefined && Buffer.from(seen.event).equals(event);
      return isEqual && seen.seq === seq && seen.timestampMs === timestampMs;
    });
  assert(
    isSame,
    `Watched of ${watcher.entityId}: ${watcher.events.map(({ seq }) => seq).join()}; committed: ${own.map(({ seq }) => seq).join()} (R6).`,
  );
}

function addedBy({ event }: ShardEvent): number {
  if (isEngineEvent(event)) return 0;
  return (JSON.parse(Buffer.from(event).toString()) as CounterEvent).added;
}
