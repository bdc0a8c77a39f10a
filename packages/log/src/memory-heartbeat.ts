import type { Cancel, Clock, Deferred, Timers } from '@chat-cluster/kernel';
import { deferred } from '@chat-cluster/kernel';
import type { Generation } from './group-member.ts';
import { LogError } from './log-error.ts';
import { isLost, refusalOf, toLogError } from './memory-broker-error.ts';

export type MemoryHeartbeatOptions = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly intervalMs: number;
  readonly sessionTimeoutMs: number;
  readonly send: (generation: Generation) => Promise<void>;
  /** The group rebalances; the generation still holds. */
  readonly onRebalance: () => void;
  readonly onLost: (reason: string) => void;
};

/** One generation's heartbeats: one after the other, and one more at once where somebody wants to be sure. */
type Beating = { readonly generation: Generation; cancelNext: Cancel };

/** Keeps a member in its group, and knows when that was last confirmed. */
export class MemoryHeartbeat {
  readonly #options: MemoryHeartbeatOptions;
  #beating: Beating | undefined;
  /** Those who wait for a heartbeat that is yet to be sent. */
  #waiting: Deferred<Generation>[] = [];
  /** Those who wait for the one that is under way. */
  #asked: Deferred<Generation>[] = [];
  #isConfirming = false;
  #cancelExpiry: Cancel = () => {};
  #lastConfirmedMs = -Infinity;

  constructor(options: MemoryHeartbeatOptions) {
    this.#options = options;
  }

  /** Monotonic time at which the last acknowledged request was sent, -Infinity when there is none. */
  get lastConfirmedMs(): number {
    return this.#lastConfirmedMs;
  }

  /** True when the coordinator may have given this member up; false as long as there has been no session. */
  get isSessionOver(): boolean {
    const sinceMs = this.#options.clock.monotonicMs() - this.#lastConfirmedMs;
    return Number.isFinite(sinceMs) && sinceMs >= this.#options.sessionTimeoutMs;
  }

  /** The coordinator answered a request of this member that was sent then. */
  acknowledge(sentMs: number): void {
    this.#lastConfirmedMs = Math.max(this.#lastConfirmedMs, sentMs);
    if (this.#beating) this.#armExpiry();
  }

  start(generation: Generation): void {
    this.#beating = { generation, cancelNext: () => {} };
    this.#armExpiry();
    this.#schedule(this.#beating);
  }

  /** No more heartbeats; who waits for one hears why. */
  stop(reason: string): void {
    this.#cancelExpiry();
    this.#beating?.cancelNext();
    this.#beating = undefined;
    const refused = [...this.#asked, ...this.#waiting];
    this.#asked = [];
    this.#waiting = [];
    for (const { reject } of refused) reject(new LogError('not-a-member', reason));
  }

  /** The process has died: no more heartbeats, and nobody hears of it. */
  freeze(): void {
    this.#cancelExpiry();
    this.#beating?.cancelNext();
  }

  /** The session is over. */
  forget(): void {
    this.#lastConfirmedMs = -Infinity;
  }

  /** Resolves when a heartbeat was acknowledged that was sent after this call. */
  confirm(): Promise<Generation> {
    const waiting = deferred<Generation>();
    this.#waiting.push(waiting);
    void this.#confirmAll();
    return waiting.promise;
  }

  async #confirmAll(): Promise<void> {
    if (this.#isConfirming) return;
    this.#isConfirming = true;
    await Promise.resolve(); // so that calls side by side share one heartbeat
    while (this.#beating && this.#waiting.length > 0) {
      const beating = this.#beating;
      this.#asked = this.#waiting;
      this.#waiting = [];
      const isAcknowledged = await this.#beat(beating);
      const asked = this.#asked;
      this.#asked = [];
      if (isAcknowledged) for (const { resolve } of asked) resolve(beating.generation);
      else this.#waiting.unshift(...asked);
    }
    this.#isConfirming = false;
  }

  /** The coordinator counts from when the heartbeat came, which is no earlier: this member knows first. */
  #armExpiry(): void {
    const { clock, timers, sessionTimeoutMs, onLost } = this.#options;
    this.#cancelExpiry();
    const leftMs = this.#lastConfirmedMs + sessionTimeoutMs - clock.monotonicMs();
    this.#cancelExpiry = timers.after(Math.max(0, leftMs), () =>
      onLost(`No heartbeat was answered for ${sessionTimeoutMs} ms.`),
    );
  }

  #schedule(beating: Beating): void {
    beating.cancelNext = this.#options.timers.after(this.#options.intervalMs, () => {
      void this.#beat(beating).then(() => {
        if (this.#beating === beating) this.#schedule(beating);
      });
    });
  }

  /** True when it was acknowledged in the generation it was sent in. */
  async #beat(beating: Beating): Promise<boolean> {
    const { clock, send } = this.#options;
    const sentMs = clock.monotonicMs();
    try {
      await send(beating.generation);
    } catch (error) {
      if (this.#beating !== beating) return false;
      if (refusalOf(error) === 'REBALANCE_IN_PROGRESS') {
        this.acknowledge(sentMs);
        this.#options.onRebalance();
        return true;
      }
      if (!isLost(error)) {
        this.#options.onLost(`A heartbeat was refused: ${String(toLogError(error))}`);
      }
      return false;
    }
    if (this.#beating !== beating) return false;
    this.acknowledge(sentMs);
    return true;
  }
}
