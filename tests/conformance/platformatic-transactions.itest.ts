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

/** Transactions as `@platformatic/kafka`'s own client speaks them. */
describe('@platformatic/kafka in transactions', { timeout: 120_000 }, () => {
  let broker: Broker;
  let admin: Admin;
  const producers: Producer<string, string, string, string>[] = [];

  before(async () => {
    broker = await startBroker();
    admin = new Admin(client());
  });
  after(async () => {
    await Promise.all(producers.map((producer) => producer.close().catch(() => {})));
    await admin.close();
    await broker.close();
  });

  function client() {
    const bootstrapBrokers = [`127.0.0.1:${broker.port}`];
    return { clientId: 'test', bootstrapBrokers, retries: 3, retryDelay: 5, timeout: 5_000 };
  }

  function producerOf(transactionalId: string) {
    const producer = new Producer({
      ...{ ...client(), transactionalId, idempotent: true, serializers: stringSerializers },
      // Without these the client claims to be producer 0 in epoch 0.
      ...{ producerId: -1n, producerEpoch: -1 },
    });
    producers.push(producer);
    return producer;
  }

  function message(topic: string, value: string) {
    return { messages: [{ topic, key: 'key', value, partition: 0 }] };
  }

  /** What is visible in the topic, up to its last stable offset. */
  async function visible(topic: string, count: number): Promise<string[]> {
    const groupId = `reader-${topic}-${crypto.randomUUID()}`;
    const consumer = new Consumer({
      ...{ ...client(), groupId, deserializers: stringDeserializers },
      ...{ isolationLevel: 1, maxWaitTime: 50 },
    });
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest' });
    const values: string[] = [];
    stream.on('data', ({ value }) => values.push(value));
    for (let waitedMs = 0; waitedMs < 5_000 && values.length < count; waitedMs += 20) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await consumer.close(true);
    return values;
  }

  test('what is committed is seen, what is aborted is not', async () => {
    await admin.createTopics({ topics: ['seen'], partitions: 1, replicas: 1 });
    const producer = producerOf('seen');
    for (const value of ['one', 'two', 'three']) {
      const transaction = await producer.beginTransaction();
      await transaction.send(message('seen', value));
      if (value === 'two') await transaction.abort();
      else await transaction.commit();
    }
    assert.deepEqual(await visible('seen', 2), ['one', 'three']);
  });

  test('the offsets of a consumer are committed with the records', async () => {
    await admin.createTopics({ topics: ['source', 'sink'], partitions: 1, replicas: 1 });
    const source = new Producer({ ...client(), serializers: stringSerializers });
    await source.send(message('source', 'input'));
    await source.close();
    const consumer = new Consumer({
      ...{ ...client(), groupId: 'copier', deserializers: stringDeserializers },
      ...{ autocommit: false, maxWaitTime: 50 },
    });
    const stream = await consumer.consume({ topics: ['source'], mode: 'earliest' });
    const input = await new Promise<Parameters<typeof addTo>[1]>((resolve) => {
      stream.once('data', resolve);
    });
    const producer = producerOf('copier');
    const transaction = await producer.beginTransaction();
    type Transaction = typeof transaction;
    async function addTo(to: Transaction, read: Parameters<Transaction['addOffset']>[0]) {
      await to.addConsumer(consumer);
      await to.addOffset(read);
    }
    await addTo(transaction, input);
    await transaction.send(message('sink', 'output'));
    await transaction.commit();
    const topics = [{ topic: 'source', partitions: [0] }];
    const committed = await consumer.listCommittedOffsets({ topics });
    assert.deepEqual(committed.get('source'), [1n]);
    await stream.close();
    await consumer.close(true);
    assert.deepEqual(await visible('sink', 1), ['output']);
  });

  test('a second producer with the same transactional id fences the first', async () => {
    await admin.createTopics({ topics: ['fenced'], partitions: 1, replicas: 1 });
    const first = producerOf('fenced');
    const abandoned = await first.beginTransaction();
    await abandoned.send(message('fenced', 'abandoned'));
    const second = producerOf('fenced');
    const transaction = await second.beginTransaction();
    await transaction.send(message('fenced', 'successor'));
    await transaction.commit();
    await assert.rejects(abandoned.commit());
    assert.deepEqual(await visible('fenced', 1), ['successor']);
  });
});
