import assert from 'node:assert/strict';
import { connect as connectSocket } from 'node:net';
import { describe, test } from 'node:test';
import type { WireClient } from '../server/wire-client.ts';
import { EMPTY_RECORD, testBatch } from '../storage/log-harness.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import {
  alterConfigs,
  apiVersions,
  createPartitions,
  createTopics,
  deleteRecords,
  deleteTopics,
  describeCluster,
  describeConfigs,
  describeLogDirs,
  fetch,
  incrementalAlterConfigs,
  listOffsets,
  metadata,
  offsetForLeaderEpoch,
  produce,
} from '../wire/messages/index.ts';
import { createTopic, fetchRequest, openBroker, produceRequest } from './broker-harness.ts';
import { apiHandlers } from './index.ts';

const TOPIC = 2;

async function createOne(client: WireClient, topic: Partial<Topic>) {
  const whole = { name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  const topics = [{ ...whole, ...topic }];
  const answer = await client.call(createTopics, 7, { topics, timeoutMs: 1000 });
  return answer.topics[0];
}
type Topic = {
  name: string;
  numPartitions: number;
  replicationFactor: number;
  assignments: { partitionIndex: number; brokerIds: number[] }[];
  configs: { name: string; value: string | null }[];
};

async function topicConfig(client: WireClient, name: string, key: string) {
  const resources = [{ resourceType: TOPIC, resourceName: name, configurationKeys: [key] }];
  const answer = await client.call(describeConfigs, 4, { resources, includeSynonyms: true });
  return answer.results[0]?.configs[0];
}

describe('ApiVersions', () => {
  test('lists every handler, with Produce from version 0 on', async (context) => {
    const { client } = await openBroker(context);
    const unnamed = { clientSoftwareName: '', clientSoftwareVersion: '' };
    const { apiKeys } = await client.call(apiVersions, 4, unnamed);
    assert.deepEqual(
      apiKeys.map(({ apiKey }) => apiKey),
      apiHandlers.map(({ declaration }) => declaration.key),
    );
    assert.deepEqual(apiKeys[0], { apiKey: 0, minVersion: 0, maxVersion: 11 });
  });

  test('answers a version from the future in version 0', async (context) => {
    const { broker } = await openBroker(context);
    // size 12, key 18, version 99, correlation id 7, client id of length 0, no tagged fields, nothing more
    const request = Buffer.from('0000000b0012006300000007000000', 'hex');
    const answer = await exchange(broker.port, request);
    assert.equal(answer.readInt32BE(0), 7);
    assert.equal(answer.readInt16BE(4), ErrorCode.UNSUPPORTED_VERSION);
    assert.equal(answer.readInt32BE(6), apiHandlers.length);
    assert.equal(answer.byteLength, 10 + apiHandlers.length * 6);
  });

  test('a request of an API or a version that is not listed closes the connection', async (context) => {
    const { connect } = await openBroker(context);
    for (const head of ['03e70000', '00000002']) {
      const client = await connect();
      client.sendBytes(Buffer.from(`0000000a${head}000000000000`, 'hex'));
      await assert.rejects(client.call(metadata, 1, { topics: [] }), /closed/);
    }
  });
});

describe('CreateTopics', () => {
  test('tells the id, the partitions and every configuration', async (context) => {
    const { client } = await openBroker(context);
    const configs = [{ name: 'retention.ms', value: '5000' }];
    const created = await createOne(client, { numPartitions: 3, configs });
    assert.equal(created?.errorCode, ErrorCode.NONE);
    assert.equal(created?.numPartitions, 3);
    const retention = created?.configs?.find((config) => config.name === 'retention.ms');
    assert.deepEqual([retention?.value, retention?.configSource], ['5000', 1]);
    const { topics } = await client.call(metadata, 12, { topics: null });
    assert.deepEqual(
      topics.map(({ name, topicId }) => [name, topicId]),
      [['t', created?.topicId]],
    );
  });

  test('-1 means the default number of partitions, and one replica', async (context) => {
    const { client } = await openBroker(context, { limits: { partitionsDefault: 5 } });
    const created = await createOne(client, { numPartitions: -1, replicationFactor: -1 });
    assert.deepEqual(
      [created?.errorCode, created?.numPartitions, created?.replicationFactor],
      [0, 5, 1],
    );
  });

  test('a replication factor above 1 is refused with what to do', async (context) => {
    const { client } = await openBroker(context);
    const refused = await createOne(client, { replicationFactor: 3 });
    assert.equal(refused?.errorCode, ErrorCode.INVALID_REPLICATION_FACTOR);
    assert.match(refused?.errorMessage ?? '', /single node; use --replication-factor 1 or connect/);
  });

  test('what makes no sense is refused, each with its own code', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 'a.b' });
    const cases: [Partial<Topic>, ErrorCode][] = [
      [{ name: 'a.b' }, ErrorCode.TOPIC_ALREADY_EXISTS],
      [{ name: 'a_b' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
      [{ name: 'no space' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
      [{ name: 'x'.repeat(250) }, ErrorCode.INVALID_TOPIC_EXCEPTION],
      [{ name: '..' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
      [{ numPartitions: 0 }, ErrorCode.INVALID_PARTITIONS],
      [{ replicationFactor: 0 }, ErrorCode.INVALID_REPLICATION_FACTOR],
      [{ configs: [{ name: 'retention.ms', value: 'long' }] }, ErrorCode.INVALID_CONFIG],
      [{ configs: [{ name: 'retention.ms', value: '-2' }] }, ErrorCode.INVALID_CONFIG],
      [{ configs: [{ name: 'no.such', value: '1' }] }, ErrorCode.INVALID_CONFIG],
      [{ assignments: [{ partitionIndex: 0, brokerIds: [1] }] }, ErrorCode.INVALID_REQUEST],
      [
        {
          ...{ numPartitions: -1, replicationFactor: -1 },
          assignments: [{ partitionIndex: 0, brokerIds: [2] }],
        },
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      ],
    ];
    for (const [topic, errorCode] of cases) {
      const refused = await createOne(client, topic);
      assert.equal(refused?.errorCode, errorCode, JSON.stringify(topic));
    }
  });

  test('validateOnly creates nothing', async (context) => {
    const { client } = await openBroker(context);
    const topics = [
      { name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
    ];
    const checked = await client.call(createTopics, 5, {
      topics,
      timeoutMs: 1,
      validateOnly: true,
    });
    assert.equal(checked.topics[0]?.errorCode, ErrorCode.NONE);
    assert.equal((await createOne(client, {}))?.errorCode, ErrorCode.NONE);
  });
});

describe('Metadata', () => {
  test('creates a topic that is asked for, unless that is not wanted', async (context) => {
    const { client } = await openBroker(context, { limits: { partitionsDefault: 4 } });
    const ask = async (name: string, allowAutoTopicCreation: boolean) => {
      const topics = [{ name }];
      const answer = await client.call(metadata, 9, { topics, allowAutoTopicCreation });
      return answer.topics[0];
    };
    assert.equal((await ask('t', false))?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    assert.equal((await ask('t', true))?.partitions.length, 4);
    assert.equal((await ask('t', false))?.partitions.length, 4);
    assert.equal((await ask('no space', true))?.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION);
  });
});

describe('configurations', () => {
  test('are changed one by one, replaced as a whole, and back to the default', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't', configs: { 'retention.ms': '1' } });
    const change = async (name: string, configOperation: number, value: string | null) => {
      const configs = [{ name, configOperation, value }];
      const resources = [{ resourceType: TOPIC, resourceName: 't', configs }];
      const request = { resources, validateOnly: false };
      const answer = await client.call(incrementalAlterConfigs, 1, request);
      return answer.responses[0]?.errorCode;
    };
    assert.equal(await change('max.message.bytes', 0, '200'), ErrorCode.NONE);
    assert.equal((await topicConfig(client, 't', 'max.message.bytes'))?.value, '200');
    assert.equal(await change('cleanup.policy', 2, 'compact'), ErrorCode.NONE);
    assert.equal((await topicConfig(client, 't', 'cleanup.policy'))?.value, 'delete,compact');
    assert.equal(await change('cleanup.policy', 3, 'delete'), ErrorCode.NONE);
    assert.equal((await topicConfig(client, 't', 'cleanup.policy'))?.value, 'compact');
    assert.equal(await change('retention.ms', 2, '5'), ErrorCode.INVALID_CONFIG);
    assert.equal(await change('retention.ms', 1, null), ErrorCode.NONE);
    const retention = await topicConfig(client, 't', 'retention.ms');
    assert.deepEqual([retention?.value, retention?.configSource], ['604800000', 5]);
    const configs = [{ name: 'segment.bytes', value: '1000' }];
    const resources = [{ resourceType: TOPIC, resourceName: 't', configs }];
    await client.call(alterConfigs, 1, { resources, validateOnly: false });
    assert.equal((await topicConfig(client, 't', 'segment.bytes'))?.value, '1000');
    assert.equal((await topicConfig(client, 't', 'cleanup.policy'))?.value, 'delete');
  });

  test('take effect at once', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't', configs: { 'max.message.bytes': '100' } });
    const answer = await client.call(produce, 9, produceRequest('t', testBatch()));
    const refused = answer.responses[0]?.partitionResponses[0];
    assert.equal(refused?.errorCode, ErrorCode.MESSAGE_TOO_LARGE);
    assert.match(refused?.errorMessage ?? '', /111 bytes; the topic has max.message.bytes=100/);
  });

  test('of the broker are told, and cannot be changed', async (context) => {
    const { client } = await openBroker(context);
    const broker = { resourceType: 4, resourceName: '1' };
    const described = await client.call(describeConfigs, 1, {
      resources: [{ ...broker, configurationKeys: null }],
    });
    assert.ok(described.results[0]?.configs.some((config) => config.name === 'num.partitions'));
    const altered = await client.call(alterConfigs, 1, {
      resources: [{ ...broker, configs: [{ name: 'num.partitions', value: '9' }] }],
      validateOnly: false,
    });
    assert.equal(altered.responses[0]?.errorCode, ErrorCode.INVALID_REQUEST);
  });
});

describe('partitions and records', () => {
  test('CreatePartitions adds up to the new count, and never takes away', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't', partitions: 2 });
    const grow = async (count: number) => {
      const topics = [{ name: 't', count, assignments: null }];
      const answer = await client.call(createPartitions, 3, {
        topics,
        timeoutMs: 1,
        validateOnly: false,
      });
      return answer.results[0]?.errorCode;
    };
    assert.equal(await grow(2), ErrorCode.INVALID_PARTITIONS);
    assert.equal(await grow(4), ErrorCode.NONE);
    const request = produceRequest('t', testBatch(), { partition: 3 });
    const answer = await client.call(produce, 9, request);
    assert.equal(answer.responses[0]?.partitionResponses[0]?.errorCode, ErrorCode.NONE);
  });

  test('DeleteRecords moves the start, which Fetch and ListOffsets then respect', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't' });
    for (let count = 0; count < 3; count++) {
      await client.call(produce, 9, produceRequest('t', testBatch({ count: 2 })));
    }
    const remove = async (offset: number) => {
      const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset }] }];
      const answer = await client.call(deleteRecords, 2, { topics, timeoutMs: 1 });
      return answer.topics[0]?.partitions[0];
    };
    assert.equal((await remove(7))?.errorCode, ErrorCode.OFFSET_OUT_OF_RANGE);
    assert.equal((await remove(3))?.lowWatermark, 3);
    assert.equal((await remove(1))?.lowWatermark, 3);
    const partitions = [{ partitionIndex: 0, timestamp: -2 }];
    const listed = await client.call(listOffsets, 7, {
      ...{ replicaId: -1, isolationLevel: 0 },
      topics: [{ name: 't', partitions }],
    });
    assert.equal(listed.topics[0]?.partitions[0]?.offset, 3);
    const below = await client.call(fetch, 11, fetchRequest(['t'], { offset: 2 }));
    assert.equal(below.responses[0]?.partitions[0]?.errorCode, ErrorCode.OFFSET_OUT_OF_RANGE);
    assert.equal((await remove(-1))?.lowWatermark, 6);
  });

  test('ListOffsets finds the batch of a time, and the record with the latest', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't' });
    for (const timestampMs of [1000, 3000, 2000]) {
      await client.call(
        produce,
        9,
        produceRequest('t', testBatch({ timestampMs, records: EMPTY_RECORD })),
      );
    }
    const find = async (timestamp: number) => {
      const partitions = [{ partitionIndex: 0, timestamp }];
      const topics = [{ name: 't', partitions }];
      const request = { replicaId: -1, isolationLevel: 0, topics };
      const found = (await client.call(listOffsets, 7, request)).topics[0]?.partitions[0];
      return [found?.offset, found?.timestamp];
    };
    assert.deepEqual(await find(0), [0, 1000]);
    assert.deepEqual(await find(1001), [1, 3000]);
    assert.deepEqual(await find(3001), [-1, -1]);
    assert.deepEqual(await find(-3), [1, 3000]);
  });

  test('the leader epoch is 0 everywhere, and ends at the high watermark', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't' });
    await client.call(produce, 9, produceRequest('t', testBatch({ count: 4 })));
    const partitions = [{ partition: 0, currentLeaderEpoch: 0, leaderEpoch: 0 }];
    const topics = [{ topic: 't', partitions }];
    const answer = await client.call(offsetForLeaderEpoch, 4, { topics });
    const { leaderEpoch, endOffset } = answer.topics[0]?.partitions[0] ?? {};
    assert.deepEqual([leaderEpoch, endOffset], [0, 4]);
  });

  test('DeleteTopics removes by name and by id, and the name is free again under another id', async (context) => {
    const { client } = await openBroker(context);
    const topicId = await createTopic(client, { name: 't' });
    const remove = async (topic: { name: string | null; topicId?: string }) => {
      const answer = await client.call(deleteTopics, 6, { topics: [topic], timeoutMs: 1 });
      return answer.responses[0]?.errorCode;
    };
    assert.equal(await remove({ name: null, topicId }), ErrorCode.NONE);
    assert.equal(await remove({ name: null, topicId }), ErrorCode.UNKNOWN_TOPIC_ID);
    assert.notEqual(await createTopic(client, { name: 't' }), topicId);
    assert.equal(await remove({ name: 't' }), ErrorCode.NONE);
    assert.equal(await remove({ name: 't' }), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });
});

describe('the cluster', () => {
  test('is this broker alone, under the address the client came to', async (context) => {
    const { client, broker } = await openBroker(context, {
      listeners: [
        { host: '127.0.0.1', port: 0, advertisedHost: 'broker.example', advertisedPort: 99 },
      ],
    });
    const answer = await client.call(describeCluster, 1, {});
    assert.equal(answer.clusterId, broker.clusterId);
    assert.deepEqual(
      answer.brokers.map(({ brokerId, host, port }) => [brokerId, host, port]),
      [[1, 'broker.example', 99]],
    );
  });

  test('tells how large each partition is', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't', partitions: 2 });
    await client.call(produce, 9, produceRequest('t', testBatch()));
    const answer = await client.call(describeLogDirs, 4, { topics: null });
    const sizes = answer.results[0]?.topics[0]?.partitions.map((one) => one.partitionSize);
    assert.deepEqual(sizes, [111, 0]);
  });
});

/** Sends bytes on a connection of its own and gives the first frame that comes back, without its size. */
async function exchange(port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(port, '127.0.0.1', () => socket.write(request));
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      resolve(chunk.subarray(4));
      socket.destroy();
    });
  });
}
