import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { TopicDescription } from '../log-admin.ts';
import type { Log } from '../log.ts';
import type { FetchedRecord, OutgoingRecord, TopicIdPartition } from '../record.ts';
import { CaseMember, type CaseMemberOptions } from './case-member.ts';
import { CaseReader } from './case-reader.ts';
import type { HeldTransaction, LogContractCluster } from './contract-cluster.ts';

/** What one test of the contract works with; it closes all that it has opened. */
export class ContractCase {
  readonly cluster: LogContractCluster;
  /** The client that most tests use. */
  readonly log: Log;
  readonly #id = randomUUID().slice(0, 8);
  readonly #closes: (() => Promise<void>)[] = [];
  #nameCount = 0;

  constructor(cluster: LogContractCluster) {
    this.cluster = cluster;
    this.log = this.openLog();
  }

  /** A name that nobody has used. */
  name(what: string): string {
    this.#nameCount += 1;
    return `contract-${what}-${this.#id}-${this.#nameCount}`;
  }

  /** Another process's client. */
  openLog(): Log {
    const log = this.cluster.openLog();
    this.#closes.push(() => log.close());
    return log;
  }

  /** Creates a topic and waits until it can be used. */
  async topic(
    options: {
      readonly topic?: string;
      readonly partitionCount?: number;
      readonly configs?: Record<string, string>;
    } = {},
  ): Promise<CaseTopic> {
    const { topic = this.name('topic'), partitionCount = 1, configs = {} } = options;
    const { admin } = this.log;
    await admin.createTopics([{ topic, partitionCount, replicationFactor: -1, configs }]);
    const described = await this.eventually(async () => {
      const [found] = await admin.describeTopics([topic]);
      const all = Array.from({ length: partitionCount }, (_, partition) => ({
        topic,
        partition,
        at: 'latest' as const,
      }));
      await admin.listOffsets(all); // every partition has its leader
      return found;
    });
    return new CaseTopic(described);
  }

  /** Sends records outside of transactions, in one batch. */
  async send(to: TopicIdPartition, ...texts: readonly string[]): Promise<number> {
    const producer = this.log.openProducer();
    try {
      return await producer.send(to, texts.map(recordOf));
    } finally {
      await producer.close();
    }
  }

  holdTransaction(
    options: { readonly transactionalId?: string; readonly transactionTimeoutMs?: number } = {},
  ): Promise<HeldTransaction> {
    const { transactionalId = this.name('txn'), transactionTimeoutMs = 60_000 } = options;
    return this.cluster.holdTransaction({ transactionalId, transactionTimeoutMs });
  }

  /** Does this when the test is over, however it ended. */
  atEnd(close: () => Promise<void>): void {
    this.#closes.push(close);
  }

  /** Reads partitions with a Fetcher and keeps what comes. */
  openReader(
    options: ConstructorParameters<typeof CaseReader>[1] = {},
    log = this.log,
  ): CaseReader {
    const reader = new CaseReader(log, options);
    this.#closes.push(() => reader.close());
    return reader;
  }

  openMember(options: CaseMemberOptions, log = this.openLog()): CaseMember {
    const member = new CaseMember(log, options);
    this.#closes.push(() => member.leave());
    return member;
  }

  /** Asks again until there is an answer that is not undefined; what the question throws counts as none. */
  async eventually<T>(question: () => Promise<T | undefined> | T | undefined): Promise<T> {
    let failure: unknown;
    for (let attempt = 1; attempt <= EVENTUALLY_ATTEMPTS_MAX; attempt += 1) {
      try {
        const answer = await question();
        if (answer !== undefined) return answer;
      } catch (error) {
        failure = error;
      }
      await delay(EVENTUALLY_PAUSE_MS);
    }
    throw new assert.AssertionError({
      message: `It did not become so: ${String(question)} (${String(failure)})`,
    });
  }

  async close(): Promise<void> {
    for (const close of this.#closes.toReversed()) await close();
  }
}

/** A topic of a test. */
export class CaseTopic {
  readonly description: TopicDescription;

  constructor(description: TopicDescription) {
    this.description = { ...description };
  }

  get topic(): string {
    return this.description.topic;
  }

  get topicId(): string {
    return this.description.topicId;
  }

  get partitionCount(): number {
    return this.description.partitionCount;
  }

  at(partition: number): TopicIdPartition {
    const { topic, topicId } = this;
    return { topic, topicId, partition };
  }

  all(): TopicIdPartition[] {
    return Array.from({ length: this.partitionCount }, (_, partition) => this.at(partition));
  }
}

/** A record whose value is a text. */
export function recordOf(text: string): OutgoingRecord {
  return { key: null, value: new TextEncoder().encode(text), headers: [] };
}

export function textOf({ value }: FetchedRecord): string {
  return new TextDecoder().decode(value ?? undefined);
}

/** A text of a size, that begins with a name. */
export function longText(name: string, sizeBytes: number): string {
  return name.padEnd(sizeBytes, '.');
}

/** 60 s in all. */
const EVENTUALLY_PAUSE_MS = 20;
const EVENTUALLY_ATTEMPTS_MAX = 3_000;
