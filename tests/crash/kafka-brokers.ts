import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { assert } from '@chat-cluster/kernel';
import { javaStringHash } from './java-string-hash.ts';

const run = promisify(execFile);

/** What kcat, another client than ours, is told of a partition. Node ids begin at 1. */
type ShownPartition = {
  readonly partition: number;
  readonly leader: number;
  readonly isrs: readonly { readonly id: number }[];
};
type ShownCluster = {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly ShownPartition[];
  }[];
};

/** The index (from 0) of the broker that leads most partitions of these topics. */
export async function leaderOfMost(bootstrap: string, topics: readonly string[]): Promise<number> {
  const shown = await describe(bootstrap);
  const ledBy = new Map<number, number>();
  for (const { topic, partitions } of shown.topics) {
    if (!topics.includes(topic)) continue;
    for (const { leader } of partitions) ledBy.set(leader, (ledBy.get(leader) ?? 0) + 1);
  }
  const [most] = [...ledBy].toSorted(([, a], [, b]) => b - a);
  assert(most !== undefined, 'These topics are there.');
  return most[0] - 1;
}

/** The index (from 0) of the broker that coordinates a group: it leads the group's partition of Kafka's own topic. */
export async function coordinatorOf(bootstrap: string, groupId: string): Promise<number> {
  const { topics } = await describe(bootstrap);
  const offsets = topics.find(({ topic }) => topic === '__consumer_offsets');
  assert(offsets !== undefined, 'A group that has members has a topic for its offsets.');
  const partition = (javaStringHash(groupId) & 0x7fff_ffff) % offsets.partitions.length;
  const found = offsets.partitions.find((each) => each.partition === partition);
  assert(found !== undefined, 'The topic has all of its partitions.');
  return found.leader - 1;
}

/** What is missing until all replicas of all topics, Kafka's own included, are in sync. */
export async function missingReplicas(
  bootstrap: string,
  replicaCount: number,
): Promise<string | undefined> {
  const { topics } = await describe(bootstrap);
  const behind = topics
    .flatMap(({ partitions }) => partitions)
    .filter(({ isrs }) => isrs.length < replicaCount);
  return behind.length === 0 ? undefined : `${behind.length} partitions lack a replica in sync.`;
}

async function describe(bootstrap: string): Promise<ShownCluster> {
  const { stdout } = await run('kcat', ['-L', '-J', '-b', bootstrap]);
  return JSON.parse(stdout) as ShownCluster;
}
