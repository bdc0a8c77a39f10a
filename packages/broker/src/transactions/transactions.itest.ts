import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { createTopic, openBroker } from '../api/broker-harness.ts';
import type { WireClient } from '../server/wire-client.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import {
  describeProducers,
  describeTransactions,
  fetch,
  listOffsets,
  listTransactions,
} from '../wire/messages/index.ts';
import { readCommitted } from './read-committed.ts';
import { WireProducer } from './wire-producer.ts';

const { NONE } = ErrorCode;
const TOPIC = 'topic';
const READ_COMMITTED = 1;
const LATEST = -1;

async function open(context: TestContext, transactionalIds: readonly string[]) {
  const { client, connect } = await openBroker(context);
  await createTopic(client, { name: TOPIC, partitions: 2 });
  const producers = await Promise.all(
    transactionalIds.map(async (transactionalId) => {
      const producer = new WireProducer(await connect(), { transactionalId, topic: TOPIC });
      assert.equal(await producer.init(), NONE);
      return producer;
    }),
  );
  return { client, producers };
}

/** One record, and the end if there is to be one. */
async function write(producer: WireProducer | undefined, value: string, commit?: boolean) {
  assert.ok(producer);
  assert.equal(await producer.addPartitions([0]), NONE);
  assert.equal(await producer.produce([0], value), NONE);
  if (commit !== undefined) assert.equal(await producer.end(commit), NONE);
}

async function fetchCommitted(client: WireClient, fetchOffset: number) {
  const { responses } = await client.call(fetch, 11, {
    ...{ maxWaitMs: 0, minBytes: 0, isolationLevel: READ_COMMITTED, sessionEpoch: -1, rackId: '' },
    topics: [
      { topic: TOPIC, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }] },
    ],
    forgottenTopicsData: [],
  });
  const found = responses[0]?.partitions[0];
  assert.ok(found);
  return found;
}

async function endOffset(client: WireClient, isolationLevel: number): Promise<number> {
  const partitions = [{ partitionIndex: 0, timestamp: LATEST }];
  const request = { replicaId: -1, isolationLevel, topics: [{ name: TOPIC, partitions }] };
  const { topics } = await client.call(listOffsets, 4, request);
  return topics[0]?.partitions[0]?.offset ?? -1;
}

describe('a read_committed reader', () => {
  test('sees a transaction as soon as its end was answered', async (context) => {
    const { client, producers } = await open(context, ['one']);
    for (let count = 1; count <= 50; count++) {
      await write(producers[0], String(count), true);
      assert.equal((await readCommitted(client, TOPIC, 0)).length, count);
    }
  });

  test('does not get past the first open transaction', async (context) => {
    const { client, producers } = await open(context, ['one', 'two', 'three']);
    await write(producers[0], 'before', true);
    await write(producers[1], 'open');
    await write(producers[2], 'behind', true);
    assert.deepEqual(await readCommitted(client, TOPIC, 0), ['before']);
    assert.equal(await endOffset(client, READ_COMMITTED), 2);
    assert.equal(await endOffset(client, 0), 5);
    await producers[1]?.end(true);
    assert.deepEqual(await readCommitted(client, TOPIC, 0), ['before', 'open', 'behind']);
    assert.equal(await endOffset(client, READ_COMMITTED), 6);
  });

  test('is told of every aborted transaction in its range, by first offset', async (context) => {
    const { client, producers } = await open(context, ['one', 'two']);
    const [one, two] = producers;
    await write(one, 'aborted 1'); // 0
    await write(two, 'aborted 2'); // 1
    await two?.end(false); // 2
    await one?.end(false); // 3
    await write(one, 'committed', true); // 4, 5
    await write(one, 'aborted 3', false); // 6, 7
    assert.deepEqual(await readCommitted(client, TOPIC, 0), ['committed']);
    const firstOffsets = async (from: number) =>
      (await fetchCommitted(client, from)).abortedTransactions?.map(
        ({ firstOffset }) => firstOffset,
      );
    assert.deepEqual(await firstOffsets(0), [0, 1, 6]);
    assert.deepEqual(await firstOffsets(3), [0, 6], 'the marker of the second lies before');
    assert.deepEqual(await firstOffsets(4), [6]);
  });

  test('gets on when a transaction runs out of time, whatever was written', async (context) => {
    const { client, producers } = await open(context, ['behind']);
    const silent = new WireProducer(client, { transactionalId: 'silent', topic: TOPIC });
    await silent.init({ timeoutMs: 100 });
    await write(silent, 'abandoned');
    await write(producers[0], 'behind', true);
    assert.deepEqual(await readCommitted(client, TOPIC, 0), []);
    await untilSeen(client, ['behind']);
    assert.equal(await silent.end(true), ErrorCode.PRODUCER_FENCED);
  });
});

test('many producers at once: what was committed is seen, in order, and nothing else', async (context) => {
  const ids = Array.from({ length: 12 }, (_, index) => `producer ${index}`);
  const { client, producers } = await open(context, ids);
  const expected: string[][] = await Promise.all(
    producers.map(async (producer, index) => {
      const committed: string[] = [];
      for (let count = 0; count < 25; count++) {
        const isCommit = (index + count) % 3 !== 0;
        await write(producer, `${index}:${count}`, isCommit);
        if (isCommit) committed.push(`${index}:${count}`);
      }
      return committed;
    }),
  );
  const seen = await readCommitted(client, TOPIC, 0);
  for (const [index, committed] of expected.entries()) {
    assert.deepEqual(
      seen.filter((value) => value.startsWith(`${index}:`)),
      committed,
    );
  }
});

describe('an operator', () => {
  test('sees transactions by state, producer, age and name', async (context) => {
    const { client, producers } = await open(context, ['open one', 'open two', 'idle']);
    await write(producers[0], 'value');
    await write(producers[1], 'value');
    const list = async (of: Partial<Parameters<typeof listTransactions.request.encode>[1]>) => {
      const filters = { stateFilters: [], producerIdFilters: [], ...of };
      const answer = await client.call(listTransactions, 2, filters);
      return answer.transactionStates.map(({ transactionalId }) => transactionalId).toSorted();
    };
    assert.deepEqual(await list({}), ['idle', 'open one', 'open two']);
    assert.deepEqual(await list({ stateFilters: ['Ongoing'] }), ['open one', 'open two']);
    const producerIdFilters = [producers[1]?.producer.producerId ?? -1];
    assert.deepEqual(await list({ producerIdFilters }), ['open two']);
    const stateFilters = ['Ongoing'];
    assert.deepEqual(await list({ stateFilters, durationFilter: 60_000 }), []);
    assert.deepEqual(await list({ transactionalIdPattern: '.*one' }), ['open one']);
    const unknown = { stateFilters: ['Nonsense', 'Dead'], producerIdFilters: [] };
    const answer = await client.call(listTransactions, 2, unknown);
    assert.deepEqual(answer.unknownStateFilters, ['Nonsense']);
  });

  test('sees what an open transaction holds, and who holds up a partition', async (context) => {
    const { client, producers } = await open(context, ['open']);
    await write(producers[0], 'value');
    const { producerId = -1, producerEpoch = -1 } = producers[0]?.producer ?? {};
    const { transactionStates } = await client.call(describeTransactions, 0, {
      transactionalIds: ['open', 'unknown'],
    });
    const [described, missing] = transactionStates;
    assert.equal(described?.transactionState, 'Ongoing');
    assert.deepEqual(described?.topics, [{ topic: TOPIC, partitions: [0] }]);
    assert.equal(described?.transactionTimeoutMs, 10_000);
    assert.equal(missing?.errorCode, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND);
    const topics = [{ name: TOPIC, partitionIndexes: [0, 9] }];
    const answer = await client.call(describeProducers, 0, { topics });
    const [found, none] = answer.topics[0]?.partitions ?? [];
    assert.equal(none?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    const [active] = found?.activeProducers ?? [];
    assert.deepEqual(
      [active?.producerId, active?.producerEpoch, active?.currentTxnStartOffset],
      [producerId, producerEpoch, 0],
    );
    assert.equal(active?.lastSequence, 0);
  });
});

async function untilSeen(client: WireClient, values: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const seen = await readCommitted(client, TOPIC, 0);
    if (seen.length >= values.length) return assert.deepEqual(seen, values);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('the reader did not get on');
}
