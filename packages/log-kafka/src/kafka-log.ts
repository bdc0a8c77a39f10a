import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { assert, type Clock, systemClock, systemTimers, type Timers } from '@chat-cluster/kernel';
import type {
  Fetcher,
  FetcherListener,
  FetcherOptions,
  GroupMember,
  GroupMemberOptions,
  Log,
  LogAdmin,
  Producer,
  RangeReadOptions,
  TransactionalProducer,
  TransactionalProducerOptions,
} from '@chat-cluster/log';
import type { AdapterContext } from './adapter-context.ts';
import { KafkaLogAdmin } from './admin/kafka-log-admin.ts';
import type { BrokerAddress } from './connections/broker-connection.ts';
import { closedError } from './connections/broker-connections.ts';
import { Cluster } from './connections/cluster.ts';
import { KafkaFetcher } from './fetch/kafka-fetcher.ts';
import { RangeReader } from './fetch/range-reader.ts';
import { KafkaGroupMember } from './group/kafka-group-member.ts';
import { KafkaProducer } from './produce/kafka-producer.ts';
import { KafkaTransactionalProducer } from './produce/kafka-transactional-producer.ts';
import { type Report, withoutRepeats } from './report.ts';

export type SaslCredentials = {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
};

export type KafkaLogOptions = {
  /** Brokers to ask first; the others are learned from them. */
  readonly bootstrap: readonly BrokerAddress[];
  /** Names this program in the brokers' logs and quotas. */
  readonly clientId: string;
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** How long a request may take, and how long one that fails is repeated. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** Default 5,000. */
  readonly connectTimeoutMs?: number;
  readonly tls?: TlsOptions;
  readonly sasl?: SaslCredentials;
  /** Transactional ids that a transactional producer takes turns with: 1 or 2. Default 2; see docs/decisions/0003. */
  readonly lanes?: 1 | 2;
  /** Told what happens inside, the same message at most once in 5 s; default nobody. Must not throw. */
  readonly report?: Report;
};

/**
 * The log of a Kafka cluster: Apache Kafka 4.1 or the embedded broker. Nothing is sent yet; the first call of anything
 * fails with `unavailable` when no broker answers in time, with `refused` when the broker is too old.
 */
export function openKafkaLog(options: KafkaLogOptions): Log {
  assert(options.bootstrap.length > 0, 'A cluster has at least one bootstrap address.');
  const { requestTimeoutMs = 10_000, connectTimeoutMs = 5_000, tls, sasl } = options;
  const clock = options.clock ?? systemClock;
  const context: AdapterContext = {
    clock,
    timers: options.timers ?? systemTimers,
    retryTimeoutMs: requestTimeoutMs,
    report: withoutRepeats(options.report ?? (() => undefined), clock),
    settings: {
      clientId: options.clientId,
      requestTimeoutMs,
      connectTimeoutMs,
      ...(tls && { tls }),
      ...(sasl && { sasl }),
    },
  };
  const cluster = new Cluster(options.bootstrap, context);
  return new KafkaLog({ context, cluster, laneCount: options.lanes ?? 2 });
}

/** The port's Log. It owns everything that was opened from it. */
class KafkaLog implements Log {
  readonly admin: LogAdmin;
  readonly #context: AdapterContext;
  readonly #cluster: Cluster;
  readonly #laneCount: number;
  readonly #ranges: RangeReader;
  /** What is to be closed with the log; what was closed before drops out when something else is opened. */
  readonly #opened = new Set<Closable>();
  #isClosed = false;

  constructor(from: { context: AdapterContext; cluster: Cluster; laneCount: number }) {
    this.#context = from.context;
    this.#cluster = from.cluster;
    this.#laneCount = from.laneCount;
    this.#ranges = this.#track(new RangeReader(from));
    this.admin = this.#track(new KafkaLogAdmin(this.#parts));
  }

  openGroupMember(options: GroupMemberOptions): GroupMember {
    this.#assertOpen();
    return this.#track(new KafkaGroupMember(this.#parts, options));
  }

  openFetcher(options: FetcherOptions, listener: FetcherListener): Fetcher {
    this.#assertOpen();
    return this.#track(new KafkaFetcher(this.#parts, options, listener));
  }

  async openTransactionalProducer(
    options: TransactionalProducerOptions,
  ): Promise<TransactionalProducer> {
    this.#assertOpen();
    const laneCount = this.#laneCount;
    return this.#track(
      await KafkaTransactionalProducer.open(this.#parts, { ...options, laneCount }),
    );
  }

  openProducer(): Producer {
    this.#assertOpen();
    return this.#track(new KafkaProducer(this.#parts));
  }

  async readRange(options: RangeReadOptions): Promise<void> {
    this.#assertOpen();
    await this.#ranges.read(options);
  }

  /** Members that have not left are abandoned. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([...this.#opened].map((opened) => opened.close()));
    await this.#cluster.close();
  }

  get #parts(): { readonly context: AdapterContext; readonly cluster: Cluster } {
    return { context: this.#context, cluster: this.#cluster };
  }

  #track<Opened extends Closable>(opened: Opened): Opened {
    for (const other of this.#opened) if (other.isClosed) this.#opened.delete(other);
    this.#opened.add(opened);
    return opened;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closedError();
  }
}

type Closable = { readonly isClosed: boolean; close(): Promise<void> };
