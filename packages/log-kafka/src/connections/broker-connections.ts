import { LogError } from '@chat-cluster/log';
import type { Report } from '../report.ts';
import {
  type BrokerAddress,
  BrokerConnection,
  type ConnectionSettings,
} from './broker-connection.ts';

/**
 * The connections of one owner, at most one a broker, opened when first asked for. Owners do not share: a
 * request that waits at the broker holds up only those of its own owner.
 */
export class BrokerConnections {
  readonly #settings: ConnectionSettings;
  readonly #report: Report;
  /** By address. Bounded by the number of brokers. */
  readonly #opened = new Map<string, Promise<BrokerConnection>>();
  #isClosed = false;

  constructor(settings: ConnectionSettings, report: Report) {
    this.#settings = settings;
    this.#report = report;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws LogError `unavailable`, `closed` */
  async get(address: BrokerAddress): Promise<BrokerConnection> {
    if (this.#isClosed) throw closedError();
    const key = keyOf(address);
    const known = this.#opened.get(key);
    if (known) {
      const connection = await known;
      if (connection.isOpen) return connection;
      if (this.#opened.get(key) === known) this.#opened.delete(key);
    }
    return this.#opened.get(key) ?? this.#open(key, address);
  }

  /** Drops all connections: requests under way fail, later ones connect anew. */
  async drop(): Promise<void> {
    const opened = [...this.#opened.values()];
    this.#opened.clear();
    // One that never opened has nothing to close.
    await Promise.allSettled(opened.map(async (connection) => (await connection).close()));
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.drop();
  }

  #open(key: string, address: BrokerAddress): Promise<BrokerConnection> {
    const opening = BrokerConnection.open(address, this.#settings);
    this.#opened.set(key, opening);
    void opening.then(
      (connection) => this.#isClosed && void connection.close(),
      (cause: unknown) => {
        if (this.#opened.get(key) === opening) this.#opened.delete(key);
        this.#report({ kind: 'connection-failed', message: `No connection to ${key}.`, cause });
      },
    );
    return opening;
  }
}

export function closedError(): LogError {
  return new LogError('closed', 'This end of the log was closed.');
}

function keyOf({ host, port }: BrokerAddress): string {
  return `${host}:${port}`;
}
