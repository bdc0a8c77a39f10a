import type { Cancel, Clock, Timers } from '@chat-cluster/kernel';
import type { Transaction } from './transaction.ts';

/** Watches how long each transaction is open, whether or not anything was written in it. */
export class TransactionTimeouts {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onTimeout: (transaction: Transaction) => void;
  readonly #timerOf = new Map<Transaction, Cancel>();

  constructor(of: { clock: Clock; timers: Timers; onTimeout: (transaction: Transaction) => void }) {
    this.#clock = of.clock;
    this.#timers = of.timers;
    this.#onTimeout = of.onTimeout;
  }

  /** Counts from the beginning of the transaction, which may lie in an earlier run of the broker. */
  start(transaction: Transaction): void {
    this.stop(transaction);
    const { timeoutMs, startedAtMs } = transaction;
    const elapsedMs = this.#clock.wallMs() - startedAtMs;
    // The wall clock may have jumped either way since.
    const remainingMs = Math.min(Math.max(timeoutMs - elapsedMs, 0), timeoutMs);
    const fire = () => {
      this.#timerOf.delete(transaction);
      this.#onTimeout(transaction);
    };
    this.#timerOf.set(transaction, this.#timers.after(remainingMs, fire));
  }

  stop(transaction: Transaction): void {
    this.#timerOf.get(transaction)?.();
    this.#timerOf.delete(transaction);
  }

  close(): void {
    for (const transaction of [...this.#timerOf.keys()]) this.stop(transaction);
  }
}
