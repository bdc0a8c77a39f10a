import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WireClient } from '../server/wire-client.ts';
import { testBatch } from '../storage/log-harness.ts';
import type { DecodedResponseOf } from '../wire/api-declaration.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { produce } from '../wire/messages/00-produce.ts';
import { fetch } from '../wire/messages/01-fetch.ts';
import { listOffsets } from '../wire/messages/02-list-offsets.ts';
import { apiVersions } from '../wire/messages/18-api-versions.ts';
import { deleteTopics } from '../wire/messages/20-delete-topics.ts';
import { initProducerId } from '../wire/messages/22-init-producer-id.ts';
import { addPartitionsToTxn } from '../wire/messages/24-add-partitions-to-txn.ts';
import { endTxn } from '../wire/messages/26-end-txn.ts';
import { createTopic, fetchRequest, openBroker, produceRequest } from './broker-harness.ts';

const MINUTE_MS = 60_000;
const ANY_CLIENT = { clientSoftwareName: '', clientSoftwareVersion: '' };

/** Fetches, and gives the first partition of each topic of the answer. */
async function fetchFrom(
  client: WireClient,
  ...request: Parameters<typeof fetchRequest>
): Promise<ReturnType<typeof partitionsOf>> {
  return partitionsOf(await client.call(fetch, 12, fetchRequest(...request)));
}

function partitionsOf({ responses }: DecodedResponseOf<typeof fetch>) {
  return responses.map((topic) => topic.partitions[0]);
}

/** The size of what a partition answered, in bytes. */
function sizeOf(partition: { records: Uint8Array | null } | undefined) {
  return partition?.records?.byteLength;
}

describe('Produce', () => {
  test('places batches in the order of the requests of a connection, and answers in that order', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't' });
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map((count) =>
        client.call(produce, 9, produceRequest('t', testBatch({ count }))),
      ),
    );
    const offsets = answers.map(({ responses }) => responses[0]?.partitionResponses[0]?.baseOffset);
    assert.deepEqual(offsets, [0, 1, 3, 6, 10]);
  });

  test('with acks=0 gets no answer, and the next request is answered', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't' });
    client.send(produce, 9, produceRequest('t', testBatch(), { acks: 0 }));
    const answer = await client.call(produce, 9, produceRequest('t', testBatch()));
    assert.equal(answer.responses[0]?.partitionResponses[0]?.baseOffset, 1);
  });

  test('answers an error for each partition that took nothing, and the offset for the others', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't' });
    const { responses } = await client.call(produce, 9, {
      acks: 1,
      timeoutMs: 1000,
      topicData: [
        {
          name: 't',
          partitionData: [
            { index: 0, records: testBatch() },
            { index: 7, records: testBatch() },
          ],
        },
        { name: 'none', partitionData: [{ index: 0, records: testBatch() }] },
      ],
    });
    const codes = responses.flatMap(({ partitionResponses }) =>
      partitionResponses.map(({ errorCode }) => errorCode),
    );
    const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    assert.deepEqual(codes, [ErrorCode.NONE, unknown, unknown]);
  });

  test('with another acks than 0, 1 and -1 is refused', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't' });
    const answer = await client.call(produce, 9, produceRequest('t', testBatch(), { acks: 2 }));
    const { errorCode } = answer.responses[0]?.partitionResponses[0] ?? {};
    assert.equal(errorCode, ErrorCode.INVALID_REQUIRED_ACKS);
  });
});

describe('Fetch waits', () => {
  test('until there is a record, and is answered by it', async (context) => {
    const { client, connect } = await openBroker(context);
    await createTopic(client, { name: 't' });
    const consumer = await connect();
    const waiting = fetchFrom(consumer, ['t'], { maxWaitMs: MINUTE_MS });
    await client.call(produce, 9, produceRequest('t', testBatch({ fill: 9 })));
    const [partition] = await waiting;
    assert.ok(partition?.records instanceof Uint8Array);
    assert.equal(partition.records[61], 9);
    assert.equal(partition.highWatermark, 1);
  });

  test('at most the time it asks for, and is then answered with every partition, empty', async (context) => {
    const { client } = await openBroker(context);
    for (const name of ['t', 'u']) await createTopic(client, { name });
    const answer = await client.call(fetch, 12, fetchRequest(['t', 'u'], { maxWaitMs: 30 }));
    assert.deepEqual(
      partitionsOf(answer).map((partition) => [
        partition?.errorCode,
        partition?.records?.byteLength,
      ]),
      [
        [ErrorCode.NONE, 0],
        [ErrorCode.NONE, 0],
      ],
    );
  });

  test('for as many bytes as it asks for, over all its partitions', async (context) => {
    const { client, connect } = await openBroker(context);
    for (const name of ['t', 'u']) await createTopic(client, { name });
    const consumer = await connect();
    const limits = { maxWaitMs: MINUTE_MS, minBytes: 200 };
    let isAnswered = false;
    const waiting = fetchFrom(consumer, ['t', 'u'], limits).finally(() => (isAnswered = true));
    await client.call(produce, 9, produceRequest('t', testBatch({ bytes: 50 })));
    await client.call(apiVersions, 0, ANY_CLIENT); // a round trip later it would have been answered
    assert.equal(isAnswered, false);
    await client.call(produce, 9, produceRequest('u', testBatch({ bytes: 50 })));
    const sizes = (await waiting).map(sizeOf);
    assert.deepEqual(sizes, [111, 111]);
  });

  test('not at all when a partition has an error', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't' });
    const partitions = await fetchFrom(client, ['t', 'none'], { maxWaitMs: MINUTE_MS });
    const codes = partitions.map((partition) => partition?.errorCode);
    assert.deepEqual(codes, [ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    const [partition] = await fetchFrom(client, ['t'], { offset: 5, maxWaitMs: MINUTE_MS });
    assert.equal(partition?.errorCode, ErrorCode.OFFSET_OUT_OF_RANGE);
  });

  test('not at all when a partition has more than its own limit', async (context) => {
    const { client } = await openBroker(context);
    await createTopic(client, { name: 't' });
    for (const fill of [1, 2]) {
      await client.call(produce, 9, produceRequest('t', testBatch({ fill })));
    }
    const limits = { maxWaitMs: MINUTE_MS, minBytes: 5000, partitionMaxBytes: 150 };
    const [partition] = await fetchFrom(client, ['t'], limits);
    assert.equal(sizeOf(partition), 111);
  });

  test('until its topic is deleted', async (context) => {
    const { client, connect } = await openBroker(context);
    const topicId = await createTopic(client, { name: 't' });
    const consumer = await connect();
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }];
    const waiting = consumer.call(fetch, 17, {
      ...fetchRequest([], { maxWaitMs: MINUTE_MS }),
      topics: [{ topicId, partitions }],
    });
    const topics = [{ name: null, topicId }];
    await client.call(deleteTopics, 6, { topics, timeoutMs: 1 });
    const [partition] = partitionsOf(await waiting);
    assert.equal(partition?.errorCode, ErrorCode.UNKNOWN_TOPIC_ID);
  });

  test('for committed records through an open transaction, and is answered when it ends', async (context) => {
    const { client, connect } = await openBroker(context);
    await createTopic(client, { name: 't' });
    const transactionalId = 'x';
    const { producerId, producerEpoch } = await client.call(initProducerId, 4, {
      transactionalId,
      transactionTimeoutMs: MINUTE_MS,
      producerId: -1,
      producerEpoch: -1,
    });
    const identity = { producerId, producerEpoch };
    await client.call(addPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: 't', partitions: [0] }],
    });
    const consumer = await connect();
    const limits = { maxWaitMs: MINUTE_MS, isolationLevel: 1 };
    let isAnswered = false;
    const waiting = fetchFrom(consumer, ['t'], limits).finally(() => (isAnswered = true));
    const batch = testBatch({ ...identity, baseSequence: 0, isTransactional: true });
    await client.call(produce, 9, { transactionalId, ...produceRequest('t', batch) });
    const latest = {
      replicaId: -1,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    };
    const stable = await client.call(listOffsets, 7, { ...latest, isolationLevel: 1 });
    assert.equal(stable.topics[0]?.partitions[0]?.offset, 0);
    const all = await client.call(listOffsets, 7, { ...latest, isolationLevel: 0 });
    assert.equal(all.topics[0]?.partitions[0]?.offset, 1);
    assert.equal(isAnswered, false);
    await client.call(endTxn, 3, { transactionalId, ...identity, committed: false });
    const [partition] = await waiting;
    assert.deepEqual(partition?.abortedTransactions, [{ producerId, firstOffset: 0 }]);
    assert.equal(partition?.lastStableOffset, 2);
  });
});

describe('Fetch limits', () => {
  test('the first batch is sent even if it is larger than everything allowed, the next ones are not', async (context) => {
    const { client } = await openBroker(context);
    for (const name of ['t', 'u']) {
      await createTopic(client, { name });
      for (const fill of [1, 2]) {
        await client.call(produce, 9, produceRequest(name, testBatch({ fill })));
      }
    }
    const request = fetchRequest(['t', 'u'], { maxBytes: 1, partitionMaxBytes: 1 });
    const sizes = partitionsOf(await client.call(fetch, 12, request)).map(
      (one) => one?.records?.byteLength,
    );
    assert.deepEqual(sizes, [111, 0]);
  });
});
