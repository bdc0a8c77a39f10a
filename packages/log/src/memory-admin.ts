import { retry } from '@chat-cluster/kernel';
import type {
  CommittedOffset,
  GroupDescription,
  LogAdmin,
  NewTopic,
  OffsetSpec,
  TopicDescription,
} from './log-admin.ts';
import { LogError } from './log-error.ts';
import { isLost, toLogError } from './memory-broker-error.ts';
import type { MemoryBroker } from './memory-broker.ts';
import type { MemoryConnection } from './memory-connection.ts';
import type { MemoryApi } from './memory-network.ts';
import { takeOverTransactionalId } from './memory-take-over.ts';
import type { TopicPartition } from './record.ts';

/** The `LogAdmin` of a `MemoryLog`. */
export class MemoryAdmin implements LogAdmin {
  readonly #broker: MemoryBroker;
  readonly #connection: MemoryConnection;
  #isClosed = false;

  constructor({ broker, connection }: { broker: MemoryBroker; connection: MemoryConnection }) {
    this.#broker = broker;
    this.#connection = connection;
  }

  describeTopics(topics: readonly string[]): Promise<readonly (TopicDescription | undefined)[]> {
    return this.#ask('Metadata', () =>
      topics.map((topic) => {
        const found = this.#broker.topics.find(topic);
        return found && { topic, topicId: found.topicId, partitionCount: found.partitionCount };
      }),
    );
  }

  createTopics(topics: readonly NewTopic[]): Promise<void> {
    return this.#ask('CreateTopics', () => {
      for (const topic of topics) this.#broker.topics.create(topic);
    });
  }

  topicConfigs(topic: string, names: readonly string[]): Promise<Readonly<Record<string, string>>> {
    return this.#ask('DescribeConfigs', () => {
      const found = this.#broker.topics.find(topic);
      if (!found) throw new LogError('unknown-topic', `There is no topic ${topic}.`);
      const known = names.filter((name) => Object.hasOwn(found.configs, name));
      return Object.fromEntries(known.map((name) => [name, found.configs[name]!]));
    });
  }

  listOffsets(
    specs: readonly (TopicPartition & { readonly at: OffsetSpec })[],
  ): Promise<readonly number[]> {
    return this.#ask('ListOffsets', () =>
      specs.map((spec) => this.#broker.listOffset(spec, spec.at)),
    );
  }

  committedOffsets({
    groupId,
    partitions,
  }: {
    readonly groupId: string;
    readonly partitions: readonly TopicPartition[];
  }): Promise<readonly (CommittedOffset | undefined)[]> {
    return this.#ask('OffsetFetch', () => this.#broker.stableOffsets(groupId, partitions));
  }

  resetOffsets({
    groupId,
    offsets,
  }: {
    readonly groupId: string;
    readonly offsets: readonly (TopicPartition & {
      readonly offset: number;
      readonly metadata: string;
    })[];
  }): Promise<void> {
    const commits = offsets.map(({ offset, ...rest }) => ({ ...rest, offsetNext: offset }));
    return this.#ask('OffsetCommit', () => this.#broker.commitOffsets(groupId, commits));
  }

  ongoingTransactionalIds(prefix: string): Promise<readonly string[]> {
    return this.#ask('ListTransactions', () => this.#broker.transactions.ongoing(prefix));
  }

  async fence(transactionalId: string): Promise<void> {
    this.#assertOpen();
    const ends = { broker: this.#broker, connection: this.#connection };
    await takeOverTransactionalId(ends, { transactionalId });
  }

  describeGroup(groupId: string): Promise<GroupDescription> {
    return this.#ask(
      'DescribeGroups',
      () => this.#broker.findGroup(groupId)?.describe() ?? { state: 'Dead', members: [] },
    );
  }

  removeMember({
    groupId,
    memberId,
  }: {
    readonly groupId: string;
    readonly memberId: string;
    readonly reason: string;
  }): Promise<void> {
    return this.#ask('LeaveGroup', () => this.#broker.findGroup(groupId)?.leave(memberId));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  async #ask<T>(api: MemoryApi, handle: () => T): Promise<T> {
    this.#assertOpen();
    const { clock, timers } = this.#broker;
    const giveUpMs = clock.monotonicMs() + TIMEOUT_MS;
    try {
      return await retry(() => this.#connection.call(api, handle), {
        attemptsMax: ATTEMPTS_MAX,
        backoffMs: () => RETRY_BACKOFF_MS,
        timers,
        shouldRetry: (error) => isLost(error) && clock.monotonicMs() < giveUpMs,
      });
    } catch (error) {
      throw toLogError(error);
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new LogError('closed', 'This admin client was closed.');
  }
}

const TIMEOUT_MS = 10_000;
const RETRY_BACKOFF_MS = 50;
/** The time is up before. */
const ATTEMPTS_MAX = TIMEOUT_MS / RETRY_BACKOFF_MS;
