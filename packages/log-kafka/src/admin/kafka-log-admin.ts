import type {
  CommittedOffset,
  GroupDescription,
  LogAdmin,
  NewTopic,
  OffsetSpec,
  TopicDescription,
  TopicPartition,
} from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import { BrokerConnections } from '../connections/broker-connections.ts';
import type { Cluster } from '../connections/cluster.ts';
import { GroupAdmin } from './group-admin.ts';
import { OffsetLookup } from './offset-lookup.ts';
import { TopicAdmin } from './topic-admin.ts';
import { TransactionAdmin } from './transaction-admin.ts';

/** The port's LogAdmin: topics, offsets, groups and transactional ids, each asked by a class of its own. */
export class KafkaLogAdmin implements LogAdmin {
  readonly #connections: BrokerConnections;
  readonly #topics: TopicAdmin;
  readonly #offsets: OffsetLookup;
  readonly #groups: GroupAdmin;
  readonly #transactions: TransactionAdmin;

  constructor(from: { readonly context: AdapterContext; readonly cluster: Cluster }) {
    this.#connections = new BrokerConnections(from.context.settings, from.context.report);
    const parts = { ...from, connections: this.#connections };
    this.#offsets = new OffsetLookup(parts);
    this.#topics = new TopicAdmin(parts, this.#offsets);
    this.#groups = new GroupAdmin(parts);
    this.#transactions = new TransactionAdmin(parts);
  }

  describeTopics(topics: readonly string[]): Promise<readonly (TopicDescription | undefined)[]> {
    return this.#topics.describe(topics);
  }

  createTopics(topics: readonly NewTopic[]): Promise<void> {
    return this.#topics.create(topics);
  }

  topicConfigs(topic: string, names: readonly string[]): Promise<Readonly<Record<string, string>>> {
    return this.#topics.configs(topic, names);
  }

  listOffsets(
    specs: readonly (TopicPartition & { readonly at: OffsetSpec })[],
  ): Promise<readonly number[]> {
    return this.#offsets.list(specs);
  }

  committedOffsets(options: {
    readonly groupId: string;
    readonly partitions: readonly TopicPartition[];
  }): Promise<readonly (CommittedOffset | undefined)[]> {
    return this.#groups.committedOffsets(options);
  }

  resetOffsets(options: {
    readonly groupId: string;
    readonly offsets: readonly (TopicPartition & {
      readonly offset: number;
      readonly metadata: string;
    })[];
  }): Promise<void> {
    return this.#groups.resetOffsets(options);
  }

  ongoingTransactionalIds(prefix: string): Promise<readonly string[]> {
    return this.#transactions.ongoingIds(prefix);
  }

  fence(transactionalId: string): Promise<void> {
    return this.#transactions.fence(transactionalId);
  }

  describeGroup(groupId: string): Promise<GroupDescription> {
    return this.#groups.describe(groupId);
  }

  removeMember(options: {
    readonly groupId: string;
    readonly memberId: string;
    readonly reason: string;
  }): Promise<void> {
    return this.#groups.removeMember(options);
  }

  get isClosed(): boolean {
    return this.#connections.isClosed;
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }
}
