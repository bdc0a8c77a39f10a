import {
  type Cancel,
  type Clock,
  deferred,
  type Deferred,
  type Timers,
} from '@chat-cluster/kernel';
import { type Generation, LogError } from '@chat-cluster/log';
import { kafkaErrorName } from '../connections/kafka-errors.ts';
import { isPassing } from '../connections/retry-passing.ts';
import { meaningOf } from './answer-meaning.ts';

export type HeartbeatOptions = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly intervalMs: number;
  readonly sessionTimeoutMs: number;
  /** @returns the error code; rejects with `unavailable` when the answer is lost */
  readonly send: (generation: Generation) => Promise<number>;
  /** The group rebalances; the generation still holds. */
  readonly onRebalance: () => void;
  /** The coordinator does not know the member or its generation. */
  readonly onRefused: (reason: string) => void;
  /** Nothing was acknowledged for a session time-out: the coordinator may have given the member up. */
  readonly onSessionOver: (reason: string) => void;
};

/**
 * The heartbeats of one member: at most one under way, the next an interval after the one before was sent, or at once when
 * somebody waits for one to confirm the membership. An answer of REBALANCE_IN_PROGRESS is an acknowledgement too:
 * the coordinator has checked member and generation before it says that.
 */
export class Heartbeats {
  readonly #options: HeartbeatOptions;
  #beating: Beating | undefined;
  #isUnderWay = false;
  #cancelNext: Cancel | undefined;
  #cancelExpiry: Cancel | undefined;
  #lastAliveMs = -Infinity;
  #lastConfirmedMs = -Infinity;
  /** Those who wait for a heartbeat that is yet to be sent. */
  #waiting: Deferred<Generation>[] = [];
  /** Those who wait for the one under way. */
  #asked: Deferred<Generation>[] = [];

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** When the last acknowledged heartbeat (or the SyncGroup) of an assigned generation was sent; -Infinity when lost. */
  get lastConfirmedMs(): number {
    return this.#lastConfirmedMs;
  }

  /** JoinGroup was answered: keeps the new generation's session alive while its assignment is made. */
  begin(generation: Generation): void {
    this.#rejectAll('The member has joined again.');
    this.#beating = { generation, isAssigned: false };
    this.#lastAliveMs = this.#options.clock.monotonicMs();
    this.#scheduleNext(this.#options.intervalMs);
    this.#watchExpiry();
  }

  /** SyncGroup, sent at `sentMs`, was answered: from now on heartbeats confirm the assignment. */
  assigned(sentMs: number): void {
    if (!this.#beating) return;
    this.#beating.isAssigned = true;
    this.#acknowledge(sentMs);
  }

  /** The membership is over. */
  end(reason: string): void {
    this.#beating = undefined;
    this.#cancelNext?.();
    this.#cancelExpiry?.();
    this.#lastConfirmedMs = -Infinity;
    this.#rejectAll(reason);
  }

  confirm(): Promise<Generation> {
    if (!this.#beating?.isAssigned) {
      return Promise.reject(notAMember('This member has no assignment now.'));
    }
    const waiting = deferred<Generation>();
    this.#waiting.push(waiting);
    // Calls made in one go share a heartbeat.
    if (!this.#isUnderWay) this.#scheduleNext(0, queueMicrotask);
    return waiting.promise;
  }

  #scheduleNext(delayMs: number, atOnce?: (callback: () => void) => void): void {
    this.#cancelNext?.();
    if (!atOnce) {
      this.#cancelNext = this.#options.timers.after(delayMs, () => this.#beat());
      return;
    }
    let isCancelled = false;
    this.#cancelNext = () => {
      isCancelled = true;
    };
    atOnce(() => {
      if (!isCancelled) this.#beat();
    });
  }

  #beat(): void {
    const beating = this.#beating;
    if (!beating || this.#isUnderWay) return;
    this.#isUnderWay = true;
    this.#asked = this.#waiting;
    this.#waiting = [];
    const sentMs = this.#options.clock.monotonicMs();
    const settled = (errorCode: number | undefined): void => {
      this.#isUnderWay = false;
      if (this.#beating === beating) this.#take(beating, { errorCode, sentMs });
      this.#goOn(sentMs);
    };
    this.#options.send(beating.generation).then(settled, (error: unknown) => {
      if (!isPassing(error) && !(error instanceof LogError)) throw error;
      settled(undefined);
    });
  }

  #goOn(sentMs: number): void {
    if (!this.#beating) return;
    if (this.#waiting.length > 0) {
      this.#scheduleNext(0, queueMicrotask);
      return;
    }
    const dueMs = sentMs + this.#options.intervalMs;
    this.#scheduleNext(Math.max(0, dueMs - this.#options.clock.monotonicMs()));
  }

  #take(
    beating: Beating,
    { errorCode, sentMs }: { errorCode: number | undefined; sentMs: number },
  ): void {
    const asked = this.#asked;
    this.#asked = [];
    const meaning = errorCode === undefined ? 'again' : meaningOf(errorCode);
    if (meaning === 'accepted' || meaning === 'rebalance') {
      this.#acknowledge(sentMs);
      for (const { resolve } of asked) resolve(beating.generation);
      if (meaning === 'rebalance') this.#options.onRebalance();
      return;
    }
    // Whoever waits goes on waiting: for the next heartbeat, or for being lost.
    this.#waiting.unshift(...asked);
    if (errorCode === undefined || meaning === 'again') return;
    this.#options.onRefused(`A heartbeat was answered with ${kafkaErrorName(errorCode)}.`);
  }

  #acknowledge(sentMs: number): void {
    this.#lastAliveMs = Math.max(this.#lastAliveMs, sentMs);
    if (this.#beating?.isAssigned) {
      this.#lastConfirmedMs = Math.max(this.#lastConfirmedMs, sentMs);
    }
  }

  #watchExpiry(): void {
    this.#cancelExpiry?.();
    const { clock, timers, sessionTimeoutMs, onSessionOver } = this.#options;
    const leftMs = this.#lastAliveMs + sessionTimeoutMs - clock.monotonicMs();
    this.#cancelExpiry = timers.after(Math.max(0, leftMs), () => {
      const silentMs = clock.monotonicMs() - this.#lastAliveMs;
      if (silentMs < sessionTimeoutMs) this.#watchExpiry();
      else onSessionOver(`No heartbeat was acknowledged for ${sessionTimeoutMs} ms.`);
    });
  }

  #rejectAll(reason: string): void {
    const refused = [...this.#asked, ...this.#waiting];
    this.#asked = [];
    this.#waiting = [];
    for (const { reject } of refused) reject(notAMember(reason));
  }
}

/** What is confirmed. `isAssigned`: its SyncGroup was answered, so that an acknowledgement extends the lease. */
type Beating = { readonly generation: Generation; isAssigned: boolean };

function notAMember(message: string): LogError {
  return new LogError('not-a-member', message);
}
