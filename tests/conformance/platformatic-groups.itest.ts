import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  Admin,
  Consumer,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';
import { startBroker, type Broker } from '@chat-cluster/broker';

const PARTITIONS = 6;
const RECORDS = 60;

/** The group protocol as `@platformatic/kafka`'s own client speaks it. */
describe('@platformatic/kafka in consumer groups', { timeout: 120_000 }, () => {
  let broker: Broker;
  let admin: Admin;
  const consumers: Consumer<string, string, string, string>[] = [];

  before(async () => {
    broker = await startBroker();
    admin = new Admin(client('admin'));
  });
  after(async () => {
    await Promise.all(consumers.map((consumer) => consumer.close(true)));
    await admin.close();
    await broker.close();
  });

  function client(clientId: string) {
    return { clientId, bootstrapBrokers: [`127.0.0.1:${broker.port}`], retries: 5, retryDelay: 20 };
  }

  function consumerIn(groupId: string, clientId: string, groupInstanceId?: string) {
    const consumer = new Consumer({
      ...client(clientId),
      ...{ groupId, deserializers: stringDeserializers, autocommit: false, maxWaitTime: 100 },
      ...{ sessionTimeout: 6_000, rebalanceTimeout: 6_000, heartbeatInterval: 200 },
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
    });
    consumers.push(consumer);
    return consumer;
  }

  async function topicWithRecords(topic: string): Promise<void> {
    await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 });
    const producer = new Producer({ ...client('producer'), serializers: stringSerializers });
    const messages = Array.from({ length: RECORDS }, (_, index) => ({
      ...{ topic, key: `key ${index}`, value: String(index), partition: index % PARTITIONS },
    }));
    await producer.send({ messages, acks: -1 });
    await producer.close();
  }

  /** Reads until `count` records have come; calls `onRecord` with each. */
  async function read(
    consumer: Consumer<string, string, string, string>,
    { topic, count, commit = false }: { topic: string; count: number; commit?: boolean },
  ): Promise<string[]> {
    const stream = await consumer.consume({
      topics: [topic],
      mode: 'committed',
      fallbackMode: 'earliest',
    });
    const values: string[] = [];
    await new Promise<void>((resolve, reject) => {
      stream.on('error', reject);
      stream.on('data', (message) => {
        values.push(message.value);
        const done = commit ? Promise.resolve(message.commit()) : Promise.resolve();
        if (values.length === count) done.then(resolve, reject);
      });
    });
    await stream.close();
    return values;
  }

  test('a consumer reads all, commits, and its successor goes on behind it', async () => {
    await topicWithRecords('alone');
    const first = consumerIn('alone', 'first');
    const values = await read(first, { topic: 'alone', count: RECORDS, commit: true });
    assert.equal(new Set(values).size, RECORDS);
    await first.close(true);
    const topics = [{ topic: 'alone', partitions: [0, 1, 2, 3, 4, 5] }];
    const second = consumerIn('alone', 'second');
    const committed = await second.listCommittedOffsets({ topics });
    const each = BigInt(RECORDS / PARTITIONS);
    assert.deepEqual(committed.get('alone'), Array<bigint>(PARTITIONS).fill(each));
  });

  test('two members share the partitions; when one leaves the other has all', async () => {
    await topicWithRecords('shared');
    const [one, two] = [consumerIn('shared', 'one'), consumerIn('shared', 'two')];
    one.topics.track('shared');
    two.topics.track('shared');
    await Promise.all([one.joinGroup(), two.joinGroup()]);
    await until(() => countOf(one) + countOf(two) === PARTITIONS && countOf(one) === 3);
    const described = (await admin.describeGroups({ groups: ['shared'] })).get('shared');
    assert.equal(described?.state, 'Stable');
    assert.equal(described?.members.size, 2);
    two.leaveGroup(true, () => {});
    await until(() => countOf(one) === PARTITIONS);
  });

  test('a member that another client removes joins again', async () => {
    await topicWithRecords('removed');
    const consumer = consumerIn('removed', 'removed');
    consumer.topics.track('removed');
    await consumer.joinGroup();
    const memberId = consumer.memberId ?? '';
    await admin.removeMembersFromConsumerGroup({ groupId: 'removed', members: [{ memberId }] });
    await until(() => consumer.memberId !== memberId && countOf(consumer) === PARTITIONS);
  });

  test('a static member that comes back finds its partitions without a new generation', async () => {
    await topicWithRecords('static');
    const first = consumerIn('static', 'first', 'instance');
    first.topics.track('static');
    await first.joinGroup();
    const { generationId, memberId } = first;
    const second = consumerIn('static', 'second', 'instance');
    second.topics.track('static');
    await second.joinGroup();
    assert.equal(second.generationId, generationId);
    assert.notEqual(second.memberId, memberId);
    assert.equal(countOf(second), PARTITIONS);
  });

  test('groups are listed, described, reset and deleted', async () => {
    await topicWithRecords('managed');
    const topics = [{ name: 'managed', partitionOffsets: [{ partition: 1, offset: 4n }] }];
    await admin.alterConsumerGroupOffsets({ groupId: 'managed', topics });
    const groups = await admin.listGroups({});
    assert.ok(groups.has('managed'));
    const [offsets] = await admin.listConsumerGroupOffsets({ groups: ['managed'] });
    const partition = offsets?.topics[0]?.partitions[0];
    assert.deepEqual([partition?.partitionIndex, partition?.committedOffset], [1, 4n]);
    await admin.deleteConsumerGroupOffsets({
      groupId: 'managed',
      topics: [{ name: 'managed', partitionIndexes: [1] }],
    });
    const [left] = await admin.listConsumerGroupOffsets({ groups: ['managed'] });
    assert.deepEqual(left?.topics, []);
    await admin.deleteGroups({ groups: ['managed'] });
    assert.ok(!(await admin.listGroups({})).has('managed'));
  });
});

function countOf(consumer: Consumer<string, string, string, string>): number {
  return (consumer.assignments ?? []).reduce((sum, { partitions }) => sum + partitions.length, 0);
}

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 20) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`it did not come to pass: ${condition.toString()}`);
}
