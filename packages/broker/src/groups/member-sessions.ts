import type { Cancel, Clock, Timers } from '@chat-cluster/kernel';

type Session = { timeoutMs: number; deadlineMs: number; cancelTimer: Cancel };

/**
 * How long each member may stay silent. A heartbeat only moves a deadline; the timer behind it fires
 * at the old one and is set again, so that a member costs one timer per session, not per heartbeat.
 */
export class MemberSessions {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onExpired: (memberId: string) => void;
  readonly #sessions = new Map<string, Session>();

  constructor(of: { clock: Clock; timers: Timers; onExpired: (memberId: string) => void }) {
    this.#clock = of.clock;
    this.#timers = of.timers;
    this.#onExpired = of.onExpired;
  }

  /** Starts the member's session anew, `timeoutMs` from now. */
  start(memberId: string, timeoutMs: number): void {
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    const session = this.#sessions.get(memberId);
    if (session && session.deadlineMs <= deadlineMs) {
      Object.assign(session, { timeoutMs, deadlineMs });
      return;
    }
    session?.cancelTimer();
    const started: Session = { timeoutMs, deadlineMs, cancelTimer: () => {} };
    this.#sessions.set(memberId, started);
    this.#setTimer(memberId, started, timeoutMs);
  }

  /** Counts the session of a member from now. */
  extend(memberId: string): void {
    const session = this.#sessions.get(memberId);
    if (session) session.deadlineMs = this.#clock.monotonicMs() + session.timeoutMs;
  }

  stop(memberId: string): void {
    this.#sessions.get(memberId)?.cancelTimer();
    this.#sessions.delete(memberId);
  }

  stopAll(): void {
    for (const memberId of [...this.#sessions.keys()]) this.stop(memberId);
  }

  #setTimer(memberId: string, session: Session, delayMs: number): void {
    session.cancelTimer = this.#timers.after(delayMs, () => {
      const remainingMs = session.deadlineMs - this.#clock.monotonicMs();
      if (remainingMs > 0) return this.#setTimer(memberId, session, remainingMs);
      this.#sessions.delete(memberId);
      this.#onExpired(memberId);
    });
  }
}
