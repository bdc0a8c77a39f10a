import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fetchV17, metadataV12, type Writer } from '@platformatic/kafka';
import { deferred, type Deferred } from '@chat-cluster/kernel';
import type { FetchedBatch, Fetcher, Log, LogError, TopicPartition } from '@chat-cluster/log';
import { withBaseOffset } from '../codec/log-bytes.ts';
import { encodeRecordBatch } from '../codec/record-batch-encoder.ts';
import { openKafkaLog } from '../kafka-log.ts';
import { ScriptedBroker, topicIdOf } from '../scripted/scripted-broker.ts';
import {
  fetchAnswer,
  readFetch,
  type ScriptedPartition,
  type SeenFetch,
} from '../scripted/scripted-fetches.ts';

const TOPIC = 'topic';
const WAIT_MS = 60_000;

/** A request that the broker holds until the test answers it. */
type HeldFetch = SeenFetch & {
  readonly connection: number;
  readonly answer: Deferred<Writer | 'lose'>;
};

describe('a fetcher', { timeout: 60_000 }, () => {
  let broker: ScriptedBroker;
  let log: Log;
  let fetcher: Fetcher;
  let held: HeldFetch[];
  let batches: FetchedBatch[];
  let errors: { readonly at: TopicPartition; readonly error: LogError }[];
  let somethingCame: Deferred<void>;

  beforeEach(async () => {
    broker = await ScriptedBroker.start();
    held = [];
    batches = [];
    errors = [];
    somethingCame = deferred();
    broker.on(fetchV17.api.key, ({ body, connection }) => {
      const waiting = { ...readFetch(body), connection, answer: deferred<Writer | 'lose'>() };
      held.push(waiting);
      notice();
      return waiting.answer.promise;
    });
    log = openKafkaLog({ bootstrap: [{ host: '127.0.0.1', port: broker.port }], clientId: 'test' });
    fetcher = log.openFetcher(
      { waitMaxMs: WAIT_MS },
      {
        onBatch: (batch) => {
          batches.push(batch);
          notice();
        },
        onPartitionError: (at, error) => {
          errors.push({ at, error });
          notice();
        },
      },
    );
  });
  afterEach(async () => {
    for (const waiting of held) waiting.answer.resolve('lose');
    await log.close();
    await broker.close();
  });

  function notice(): void {
    somethingCame.resolve();
    somethingCame = deferred();
  }

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await somethingCame.promise;
  }

  function add(partition: number, position: number): void {
    fetcher.add({ topic: TOPIC, topicId: topicIdOf(TOPIC), partition }, position);
  }

  async function request(index: number): Promise<HeldFetch> {
    await until(() => held.length > index);
    return held[index]!;
  }

  function answer(index: number, ...partitions: readonly ScriptedPartition[]): void {
    held[index]!.answer.resolve(fetchAnswer(topicIdOf(TOPIC), partitions));
  }

  test('asks for what is added in one go in one request, read_committed, with the long wait', async () => {
    add(0, 5);
    add(3, 0);
    const { waitMs, isolationLevel, partitions } = await request(0);
    assert.equal(waitMs, WAIT_MS);
    assert.equal(isolationLevel, 1);
    assert.deepEqual(partitions, ['0@5', '3@0']);
  });

  test('goes on from where an answer ended, and asks for what brought records last', async () => {
    add(0, 5);
    add(1, 0);
    await request(0);
    answer(0, { partition: 0, records: batchAt(5, 2) }, { partition: 1 });
    assert.deepEqual((await request(1)).partitions, ['1@0', '0@7']);
    assert.deepEqual(
      batches.map(({ partition, offsetNext, highWatermark }) => [
        partition,
        offsetNext,
        highWatermark,
      ]),
      [[0, 7, 77]],
    );
  });

  test('never tells an end of the log that lies before what it delivers', async () => {
    add(0, 5);
    await request(0);
    answer(0, { partition: 0, records: batchAt(5, 2), highWatermark: 6n });
    await until(() => batches.length > 0);
    assert.deepEqual(
      batches.map(({ offsetNext, highWatermark }) => [offsetNext, highWatermark]),
      [[7, 7]],
    );
  });

  test('does not let a new partition wait for the poll under way: asks on another connection, with a short wait', async () => {
    add(0, 0);
    const poll = await request(0);
    add(1, 4);
    const extra = await request(1);
    assert.deepEqual(extra.partitions, ['1@4']);
    assert.notEqual(extra.connection, poll.connection);
    assert.ok(extra.waitMs <= 50);
    answer(1, { partition: 1, records: batchAt(4, 1) });
    // Still no request for partition 0: that one is under way.
    assert.deepEqual((await request(2)).partitions, ['1@5']);
  });

  test('puts both into one request again when the poll has ended', async () => {
    add(0, 0);
    await request(0);
    add(1, 0);
    await request(1);
    answer(0, { partition: 0 });
    const poll = await request(2);
    assert.deepEqual(poll.partitions, ['0@0']);
    assert.ok(poll.waitMs <= 50, 'The poll waits no longer than the extra request beside it.');
    answer(1, { partition: 1 });
    answer(2, { partition: 0 });
    const both = await request(3);
    assert.deepEqual(both.partitions.toSorted(), ['0@0', '1@0']);
    assert.equal(both.waitMs, WAIT_MS);
    assert.equal(both.connection, poll.connection);
  });

  test('leaves out what is paused, and asks at once for what is resumed', async () => {
    add(0, 0);
    add(1, 0);
    await request(0);
    fetcher.pause({ topic: TOPIC, partition: 1 });
    answer(0, { partition: 0, records: batchAt(0, 1) }, { partition: 1 });
    assert.deepEqual((await request(1)).partitions, ['0@1']);
    fetcher.resume({ topic: TOPIC, partition: 1 });
    assert.deepEqual((await request(2)).partitions, ['1@0']);
  });

  test('drops an answer for what was removed, also when it was added again meanwhile', async () => {
    add(0, 0);
    await request(0);
    fetcher.remove({ topic: TOPIC, partition: 0 });
    add(0, 9);
    assert.deepEqual((await request(1)).partitions, ['0@9']);
    answer(0, { partition: 0, records: batchAt(0, 3) });
    answer(1, { partition: 0, records: batchAt(9, 1) });
    await until(() => batches.length > 0);
    assert.deepEqual(
      batches.map(({ offsetNext }) => offsetNext),
      [10],
    );
  });

  test('asks metadata for the leader when the broker is none any more, and goes on where it was', async () => {
    add(0, 5);
    await request(0);
    const metadataCount = broker.bodiesOf(metadataV12.api.key).length;
    answer(0, { partition: 0, errorCode: 6 });
    assert.deepEqual((await request(1)).partitions, ['0@5']);
    assert.equal(broker.bodiesOf(metadataV12.api.key).length, metadataCount + 1);
    assert.deepEqual(errors, []);
  });

  test('goes on from the same position when the connection breaks', async () => {
    add(0, 5);
    add(1, 6);
    const first = await request(0);
    first.answer.resolve('lose');
    const asked = [...(await request(1)).partitions];
    if (asked.length < 2) asked.push(...(await request(2)).partitions);
    assert.deepEqual(asked.toSorted(), ['0@5', '1@6']);
    assert.deepEqual(errors, []);
  });

  test('an error that will not pass stops one partition; the others go on', async () => {
    for (const [partition, [errorCode, code]] of [
      [1, 'offset-out-of-range'],
      [2, 'corrupt'],
      [29, 'refused'],
    ].entries()) {
      add(partition, 0);
      await until(() => held.at(-1)?.partitions.includes(`${partition}@0`) === true);
      answer(held.length - 1, { partition, errorCode: Number(errorCode) });
      await until(() => errors.length > partition);
      assert.equal(errors[partition]!.at.partition, partition);
      assert.equal(errors[partition]!.error.code, code);
    }
    add(11, 3);
    await until(() => held.at(-1)?.partitions.join() === '11@3');
  });

  test('a topic that has another id now is another log: nothing is fetched of it', async () => {
    fetcher.add({ topic: TOPIC, topicId: topicIdOf('before'), partition: 0 }, 5);
    await until(() => errors.length + held.length > 0);
    assert.deepEqual(held, []);
    assert.equal(errors[0]!.error.code, 'topic-recreated');
  });

  test('bytes that are no batch are an error of their partition', async () => {
    add(0, 0);
    await request(0);
    const bytes = batchAt(0, 1);
    bytes[bytes.length - 1]! ^= 1;
    answer(0, { partition: 0, records: bytes });
    await until(() => errors.length > 0);
    assert.equal(errors[0]!.error.code, 'corrupt');
    assert.deepEqual(batches, []);
  });
});

function batchAt(baseOffset: number, count: number): Buffer {
  const records = Array.from({ length: count }, () => ({
    key: null,
    value: Buffer.from('value'),
    headers: [],
  }));
  const anybody = { producerId: -1n, producerEpoch: -1, baseSequence: -1, isTransactional: false };
  return withBaseOffset(encodeRecordBatch(records, { ...anybody, timestampMs: 1 }), baseOffset);
}
