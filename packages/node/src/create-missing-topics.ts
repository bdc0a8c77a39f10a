import type { LogAdmin } from '@chat-cluster/log';

/** A topic as a node needs it. */
export type TopicToCreate = {
  readonly name: string;
  /** `shard`: its partition is the shard, so it has as many partitions as all others of that rule. */
  readonly partitionRule: string;
  readonly configs: Readonly<Record<string, string>>;
};

/**
 * Creates the topics that are missing. Those whose partition is the shard get as many partitions as the ones that exist already, so that
 * a node joins a cluster of another size than its own default; topics that exist are left as they are. Idempotent.
 */
export async function createMissingTopics(
  admin: LogAdmin,
  options: {
    readonly topics: readonly TopicToCreate[];
    readonly partitionCount: number;
    /** -1 for the brokers' default. */
    readonly replicationFactor: number;
  },
): Promise<void> {
  const { topics, replicationFactor } = options;
  const described = await admin.describeTopics(topics.map(({ name }) => name));
  const found = topics.filter((_, index) => described[index] !== undefined);
  const sharded = described.find(
    (topic) =>
      topic !== undefined &&
      found.some(({ name, partitionRule }) => name === topic.topic && partitionRule === 'shard'),
  );
  const partitionCount = sharded?.partitionCount ?? options.partitionCount;
  await admin.createTopics(
    topics
      .filter((topic) => !found.includes(topic))
      .map(({ name, configs }) => ({ topic: name, partitionCount, replicationFactor, configs })),
  );
}
