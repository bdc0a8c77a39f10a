import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogAdmin, NewTopic, TopicDescription } from '@chat-cluster/log';
import { createMissingTopics } from './create-missing-topics.ts';

const topics = [
  { name: 'in', partitionRule: 'shard', configs: { 'cleanup.policy': 'delete' } },
  { name: 'events', partitionRule: 'shard', configs: {} },
  { name: 'out', partitionRule: 'home', configs: {} },
];

/** What is created where these topics exist. */
async function createdBeside(existing: Readonly<Record<string, number>>): Promise<NewTopic[]> {
  const created: NewTopic[] = [];
  const admin: Pick<LogAdmin, 'describeTopics' | 'createTopics'> = {
    describeTopics: async (names) =>
      names.map((topic): TopicDescription | undefined => {
        const partitionCount = existing[topic];
        return partitionCount === undefined
          ? undefined
          : { topic, topicId: `id of ${topic}`, partitionCount };
      }),
    createTopics: async (missing) => {
      created.push(...missing);
    },
  };
  await createMissingTopics(admin as LogAdmin, {
    topics,
    partitionCount: 12,
    replicationFactor: 3,
  });
  return created;
}

test('a new cluster gets every topic as it was asked for', async () => {
  const created = await createdBeside({});
  assert.deepEqual(
    created.map(({ topic, partitionCount }) => [topic, partitionCount]),
    [
      ['in', 12],
      ['events', 12],
      ['out', 12],
    ],
  );
  assert.deepEqual(created[0]?.configs, { 'cleanup.policy': 'delete' });
  assert.equal(created[0]?.replicationFactor, 3);
});

test('what is missing gets as many partitions as the shards that are there', async () => {
  const created = await createdBeside({ in: 5, out: 7 });
  assert.deepEqual(
    created.map(({ topic, partitionCount }) => [topic, partitionCount]),
    [['events', 5]],
  );
});

test('where only topics of another rule exist, they say nothing about the shards', async () => {
  const created = await createdBeside({ out: 7 });
  assert.deepEqual(
    created.map(({ topic, partitionCount }) => [topic, partitionCount]),
    [
      ['in', 12],
      ['events', 12],
    ],
  );
});
