import { setImmediate } from 'node:timers/promises';
import type { Client, QueryOptions, types } from 'cassandra-driver';
import { ManualTimers } from '@chat-cluster/kernel';
import { type Attempts, Session } from './session.ts';
import { SettledWrites } from './settled-writes.ts';

/** A request that reached the driver. */
export type SentRequest = {
  readonly statements: readonly { readonly query: string; readonly params: readonly unknown[] }[];
  readonly options: QueryOptions | undefined;
};

/** What the driver answers to a request: a result, or what it throws. */
type Answer = (request: SentRequest, number: number) => unknown;

/** A driver that answers as a test says, for tests of this package. */
export class FakeClient {
  readonly sent: SentRequest[] = [];
  readonly timers = new ManualTimers();
  /** The nodes that it knows. */
  hosts: readonly { readonly address: string; readonly datacenter: string; isUp(): boolean }[] = [];
  running = 0;
  runningMax = 0;
  readonly #answer: Answer;

  constructor(answer: Answer = () => ({ rows: [] })) {
    this.#answer = answer;
  }

  /** The part of the driver that the package uses. */
  get client(): Client {
    const driver = {
      execute: (query: string, params: unknown[] = [], options?: QueryOptions) =>
        this.#send({ statements: [{ query, params }], options }),
      batch: (statements: SentRequest['statements'], options?: QueryOptions) =>
        this.#send({ statements, options }),
      shutdown: async () => {},
      hosts: { values: () => this.hosts },
    };
    return driver as unknown as Client;
  }

  get session(): Session {
    return this.openSession();
  }

  /** As where Cassandra syncs before it acknowledges. */
  get settledAtOnce(): SettledWrites {
    return this.settled(0);
  }

  /** Nodes that never end. */
  settled(settleMs: number): SettledWrites {
    const { timers } = this;
    return new SettledWrites({
      readGenerations: async () => new Map(),
      probe: async () => 'all',
      timers,
      settleMs,
    });
  }

  openSession(attempts?: Attempts): Session {
    const { client, timers } = this;
    return new Session({ client, clock: timers.clock, timers, attempts });
  }

  /** Waits for the work, and lets as much time pass as it needs. */
  async settle<T>(work: Promise<T>): Promise<T> {
    const progress = { isSettled: false };
    const settled = work.finally(() => {
      progress.isSettled = true;
    });
    settled.catch(() => {});
    while (!progress.isSettled) {
      await setImmediate();
      this.timers.advance(10);
    }
    return settled;
  }

  async #send(request: SentRequest): Promise<types.ResultSet> {
    this.sent.push(request);
    const number = this.sent.length;
    this.running += 1;
    this.runningMax = Math.max(this.runningMax, this.running);
    await setImmediate();
    this.running -= 1;
    return (await this.#answer(request, number)) as types.ResultSet;
  }
}
