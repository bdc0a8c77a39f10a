import { allTopics } from '@chat-cluster/contract';
import type { LogAdmin } from '@chat-cluster/log';

/**
 * Creates the topics that are missing. Those whose partition is the shard get as many partitions as the ones that exist already, so that
 * a node joins a cluster of another size than its own default; topics that exist are left as they are. Idempotent.
 */
export async function createMissingTopics(
  admin: LogAdmin,
  options: { readonly partitionCount: number; readonly replicationFactor: number },
): Promise<void> {
  const described = await admin.describeTopics(allTopics.map(({ name }) => name));
  const found = allTopics.filter((_, index) => described[index] !== undefined);
  const sharded = described.find(
    (topic) =>
      topic !== undefined &&
      found.some(({ name, partitionRule }) => name === topic.topic && partitionRule === 'shard'),
  );
  const partitionCount = sharded?.partitionCount ?? options.partitionCount;
  await admin.createTopics(
    allTopics
      .filter((topic) => !found.includes(topic))
      .map(({ name, configs }) => ({
        topic: name,
        partitionCount,
        replicationFactor: options.replicationFactor,
        configs,
      })),
  );
}
