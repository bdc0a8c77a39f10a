import { assert, type Random } from '@chat-cluster/kernel';
import { homePartition } from '@chat-cluster/log';
import type { EngineHarness } from '../engine-harness.ts';
import type { AskOutcome, InputPosition, Question } from '../routing/entity-owner.ts';
import type { SimulatedNode } from './simulated-node.ts';
import { readEvents } from './simulation-audit.ts';

/** A question and what came of it; times are virtual. */
export type Asked = {
  readonly entityId: string;
  readonly askedMs: number;
  readonly including: InputPosition | undefined;
  readonly isCurrent: boolean;
  /** Events of the entity that had committed when a current question was asked. */
  readonly committedCount: number;
  settledMs?: number;
  outcome?: AskOutcome;
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

  /** Resolves when it was asked; what comes of it is kept. */
  async ask(node: SimulatedNode, entityId: string): Promise<Asked | undefined> {
    const kind = this.#random.below(4);
    const isCurrent = kind === 0;
    const including = kind === 1 ? this.#sent.get(entityId) : undefined;
    return this.#ask(node, { entityId, isCurrent, including }, this.#random.below(DEADLINE_MAX_MS));
  }

  /** Asks for the latest there is, with plenty of time. */
  async askCurrent(node: SimulatedNode, entityId: string): Promise<Asked | undefined> {
    return this.#ask(node, { entityId, isCurrent: true, including: undefined }, DEADLINE_MAX_MS);
  }

  assertAllSettled(): void {
    for (const { entityId, isGivenUp, outcome } of this.asked) {
      assert(outcome !== undefined || isGivenUp === true, `A question for ${entityId} was lost.`);
    }
  }

  async #ask(
    node: SimulatedNode,
    asking: Pick<Question, 'entityId' | 'isCurrent' | 'including'>,
    deadlineMs: number,
  ): Promise<Asked | undefined> {
    const { entityId, isCurrent } = asking;
    const committedCount = isCurrent ? await this.#committedCount(entityId) : 0;
    const { worker } = node;
    if (worker === undefined || node.phase === 'ended') return undefined;
    const { clock } = this.#harness.timers;
    const asked: Asked = { ...asking, committedCount, askedMs: clock.monotonicMs() };
    this.asked.push(asked);
    const controller = new AbortController();
    this.#harness.timers.after(deadlineMs, () => controller.abort(new Error('The deadline.')));
    const question = Buffer.from('"total"');
    worker.ask({ ...asking, question }, controller.signal).then(
      (outcome) => {
        assert(asked.outcome === undefined, 'A question is answered once.');
        asked.outcome = outcome;
        asked.settledMs = clock.monotonicMs();
      },
      () => (asked.isGivenUp = true),
    );
    return asked;
  }

  async #committedCount(entityId: string): Promise<number> {
    const events = await readEvents(this.#harness);
    return events.filter((event) => event.entityId === entityId).length;
  }
}
