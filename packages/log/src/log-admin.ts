import type { TopicPartition } from './record.ts';

export type TopicDescription = {
  readonly topic: string;
  readonly topicId: string;
  readonly partitionCount: number;
};

export type NewTopic = {
  readonly topic: string;
  readonly partitionCount: number;
  /** -1 for the broker's default. */
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
};

/** Where in a partition: its first offset, its end, or the first record at or after a time (the end when there is none). */
export type OffsetSpec = 'earliest' | 'latest' | { readonly timestampMs: number };

export type CommittedOffset = { readonly offset: number; readonly metadata: string };

export type GroupDescription = {
  /** Kafka's words: Empty, PreparingRebalance, CompletingRebalance, Stable, Dead. */
  readonly state: string;
  /** Metadata and assignments are there only while the group is Stable. */
  readonly members: readonly {
    readonly memberId: string;
    readonly clientHost: string;
    readonly userData: Uint8Array;
    readonly partitions: readonly number[];
  }[];
};

/** What an operator or a worker that takes over asks of the log. Every call retries passing troubles within its time-out (10 s), then rejects with a LogError. */
export interface LogAdmin {
  /** Undefined for a topic that does not exist. In the order asked. */
  describeTopics(topics: readonly string[]): Promise<readonly (TopicDescription | undefined)[]>;
  /** Creates what is missing; a topic that exists already is left as it is. */
  createTopics(topics: readonly NewTopic[]): Promise<void>;
  /** The effective values of these configurations. */
  topicConfigs(topic: string, names: readonly string[]): Promise<Readonly<Record<string, string>>>;
  /** In the order asked; read_uncommitted: 'latest' is the high watermark. */
  listOffsets(
    specs: readonly (TopicPartition & { readonly at: OffsetSpec })[],
  ): Promise<readonly number[]>;
  /** In the order asked, undefined where nothing is committed. Stable: rejects with unstable-offsets while a transaction's offsets are pending (KIP-447). */
  committedOffsets(options: {
    readonly groupId: string;
    readonly partitions: readonly TopicPartition[];
  }): Promise<readonly (CommittedOffset | undefined)[]>;
  /** Commits offsets outside any membership. Rejects with refused while the group has members. For operators. */
  resetOffsets(options: {
    readonly groupId: string;
    readonly offsets: readonly (TopicPartition & {
      readonly offset: number;
      readonly metadata: string;
    })[];
  }): Promise<void>;
  /** Transactional ids in state Ongoing that start with the prefix. */
  ongoingTransactionalIds(prefix: string): Promise<readonly string[]>;
  /** Takes the transactional id over: aborts its open transaction, and its holder's next request is refused. Idempotent. */
  fence(transactionalId: string): Promise<void>;
  describeGroup(groupId: string): Promise<GroupDescription>;
  /** Removes a member that is known to be dead, so that nobody waits for its session. Idempotent. */
  removeMember(options: {
    readonly groupId: string;
    readonly memberId: string;
    readonly reason: string;
  }): Promise<void>;
  close(): Promise<void>;
}
