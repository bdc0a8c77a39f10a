import { assert } from '@chat-cluster/kernel';

/**
 * A worker's ownership of a partition. Phases, and what moves between them:
 *
 * | phase       | ready   | give-up  | drained | lost  | failed  |
 * | ----------- | ------- | -------- | ------- | ----- | ------- |
 * | taking-over | running | ended    |         | ended | stopped |
 * | running     |         | draining |         | ended | stopped |
 * | draining    |         | draining | ended   | ended | ended   |
 * | stopped     |         | ended    |         | ended | stopped |
 * | ended       |         | ended    | ended   | ended | ended   |
 *
 * An empty cell is a programmer error. `stopped` keeps the partition (nobody else could do better) and does not process it; `reason` says why.
 */
export type TenurePhase = 'taking-over' | 'running' | 'draining' | 'stopped' | 'ended';
export type TenureEvent = 'ready' | 'give-up' | 'drained' | 'lost' | 'failed';

const transitions: Readonly<Record<TenurePhase, Partial<Record<TenureEvent, TenurePhase>>>> = {
  'taking-over': { ready: 'running', 'give-up': 'ended', lost: 'ended', failed: 'stopped' },
  running: { 'give-up': 'draining', lost: 'ended', failed: 'stopped' },
  draining: { 'give-up': 'draining', drained: 'ended', lost: 'ended', failed: 'ended' },
  stopped: { 'give-up': 'ended', lost: 'ended', failed: 'stopped' },
  ended: { 'give-up': 'ended', drained: 'ended', lost: 'ended', failed: 'ended' },
};

export class Tenure {
  readonly partition: number;
  /** Monotonic time before which it answers no question: an earlier owner's lease may hold. */
  readonly answersFromMs: number;
  /** The generation that gave it told everybody that another member owns it: its leader was wrong. */
  readonly isMisplaced: boolean;
  #phase: TenurePhase = 'taking-over';
  #reason: string | undefined;
  /** The youngest generation that assigned the partition to this member; each one since the tenure began did. */
  #confirmedGenerationId: number;

  /** `answersFromMs`: default Infinity, never. */
  constructor(options: {
    partition: number;
    generationId: number;
    answersFromMs?: number;
    isMisplaced?: boolean;
  }) {
    this.partition = options.partition;
    this.answersFromMs = options.answersFromMs ?? Infinity;
    this.isMisplaced = options.isMisplaced ?? false;
    this.#confirmedGenerationId = options.generationId;
  }

  get phase(): TenurePhase {
    return this.#phase;
  }

  /** Why it is stopped, for people. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Whether anything may still be committed for it. */
  get lasts(): boolean {
    return this.#phase !== 'ended' && this.#phase !== 'stopped';
  }

  /** Whether the group must count the partition as this member's. */
  get isHeld(): boolean {
    return this.#phase !== 'ended';
  }

  /** A new generation assigned the partition to this member again. */
  confirm(generationId: number): void {
    assert(this.isHeld, 'A tenure that has ended cannot be confirmed.');
    this.#confirmedGenerationId = generationId;
  }

  /** Promise 4: a generation confirms a tenure if it, and each one since the tenure began, assigns the partition to this member. */
  isConfirmedBy(generationId: number): boolean {
    return this.lasts && this.#confirmedGenerationId === generationId;
  }

  apply(event: TenureEvent, reason?: string): TenurePhase {
    const next = transitions[this.#phase][event];
    assert(
      next !== undefined,
      `A tenure that is ${this.#phase} cannot see ${event} (partition ${this.partition}).`,
    );
    this.#phase = next;
    if (next === 'stopped') this.#reason ??= reason;
    return next;
  }
}
