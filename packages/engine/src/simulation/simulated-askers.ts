import { assert, type Random } from '@chat-cluster/kernel';
import { homePartition } from '@chat-cluster/log';
import type { EngineHarness } from '../engine-harness.ts';
import type { AskOutcome, InputPosition, Question } from '../routing/entity-owner.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** A question and what came of it; times are virtual. */
export type Asked = {
  readonly entityId: string;
  readonly askedMs: number;
  readonly including: InputPosition | undefined;
  readonly isCurrent: boolean;
  /** The last stable offset of the events when it was asked: those below it had committed. */
  readonly stableBefore: number;
  settledMs?: number;
  outcome?: AskOutcome;
  /** The last stable offset of the events when the answer came. */
  stableThen?: number;
  /** Nobody waited any longer. */
  isGivenUp?: boolean;
};

const DEADLINE_MAX_MS = 8_000;

/** Asks nodes, right ones and wrong ones, whatever happens to them meanwhile. */
export class SimulatedAskers {
  readonly asked: Asked[] = [];
  readonly #harness: EngineHarness;
  readonly #random: Random;
  /** Where the next record of an entity would go, by entity: what was sent lies before it. */
  readonly #sent = new Map<string, InputPosition>();

  constructor(harness: EngineHarness, random: Random) {
    this.#harness = harness;
    this.#random = random;
  }

  /** Records of this entity went to its home, up to `offsetNext`. */
  sent(entityId: string, topicId: string, offsetNext: number): void {
    const partition = homePartition(Buffer.from(entityId), this.#harness.partitionCount);
    this.#sent.set(entityId, { topic: 'add', topicId, partition, offsetNext });
  }

  /** What comes of it is kept. Undefined where nobody can be asked. */
  ask(node: SimulatedNode, entityId: string): Asked | undefined {
    const kind = this.#random.below(4);
    const isCurrent = kind === 0;
    const including = kind === 1 ? this.#sent.get(entityId) : undefined;
    return this.#ask(node, { entityId, isCurrent, including }, this.#random.below(DEADLINE_MAX_MS));
  }

  /** Asks for the latest there is, with plenty of time. */
  askCurrent(node: SimulatedNode, entityId: string): Asked | undefined {
    return this.#ask(node, { entityId, isCurrent: true, including: undefined }, DEADLINE_MAX_MS);
  }

  assertAllSettled(): void {
    for (const { entityId, isGivenUp, outcome } of this.asked) {
      assert(outcome !== undefined || isGivenUp === true, `A question for ${entityId} was lost.`);
    }
  }

  #ask(
    node: SimulatedNode,
    asking: Pick<Question, 'entityId' | 'isCurrent' | 'including'>,
    deadlineMs: number,
  ): Asked | undefined {
    const { entityId } = asking;
    const { worker } = node;
    if (worker === undefined || node.phase === 'ended') return undefined;
    const { clock } = this.#harness.timers;
    const stableBefore = this.#stableOffset(entityId);
    const asked: Asked = { ...asking, stableBefore, askedMs: clock.monotonicMs() };
    this.asked.push(asked);
    const controller = new AbortController();
    this.#harness.timers.after(deadlineMs, () => controller.abort(new Error('The deadline.')));
    const question = Buffer.from('"total"');
    worker.ask({ ...asking, question }, controller.signal).then(
      (outcome) => {
        assert(asked.outcome === undefined, 'A question is answered once.');
        asked.outcome = outcome;
        asked.settledMs = clock.monotonicMs();
        asked.stableThen = this.#stableOffset(entityId);
      },
      () => (asked.isGivenUp = true),
    );
    return asked;
  }

  /** Of its events' partition. */
  #stableOffset(entityId: string): number {
    const { broker, partitionCount } = this.#harness;
    const partition = homePartition(Buffer.from(entityId), partitionCount);
    return broker.topics.partition({ topic: 'counter_events', partition }).lastStableOffset;
  }
}
