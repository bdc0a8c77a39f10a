import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { initProducerIdV5, produceV11, type Writer } from '@platformatic/kafka';
import { deferred } from '@chat-cluster/kernel';
import type { Log, OutgoingRecord, Producer } from '@chat-cluster/log';
import { openKafkaLog } from '../kafka-log.ts';
import { producerIdAnswer, ScriptedBroker } from '../scripted/scripted-broker.ts';
import {
  producedAnswer,
  readProduce,
  type SeenProduce,
} from '../scripted/scripted-transactions.ts';

const NONE = 0;
const MESSAGE_TOO_LARGE = 10;
const NOT_LEADER_OR_FOLLOWER = 6;
const OUT_OF_ORDER_SEQUENCE_NUMBER = 45;
const UNKNOWN_PRODUCER_ID = 59;
const at = { topic: 'topic', partition: 3 };

describe('a producer', { timeout: 60_000 }, () => {
  let broker: ScriptedBroker;
  let log: Log;
  let producer: Producer;

  beforeEach(async () => {
    broker = await ScriptedBroker.start();
    let producerIds = 6;
    broker.on(initProducerIdV5.api.key, () => {
      producerIds += 1;
      return producerIdAnswer({ producerId: BigInt(producerIds), epoch: 0 });
    });
    react(() => NONE);
    log = openKafkaLog({
      bootstrap: [{ host: '127.0.0.1', port: broker.port }],
      clientId: 'test',
      requestTimeoutMs: 2_000,
    });
    producer = log.openProducer();
  });
  afterEach(async () => {
    await log.close();
    await broker.close();
  });

  /** Answers each Produce with an error code, by the number of the request from 1. */
  function react(codeOf: (produce: SeenProduce, count: number) => number | 'lose'): void {
    let count = 0;
    broker.on(produceV11.api.key, ({ body }) => {
      count += 1;
      const produce = readProduce(body);
      const code = codeOf(produce, count);
      return code === 'lose' ? 'lose' : producedAnswer(produce, () => code);
    });
  }

  /** `producer id:sequence+record count` of each batch that was sent. */
  function sent(): string[] {
    return broker.bodiesOf(produceV11.api.key).map((body) => {
      const { bytes } = readProduce(body).batches[0]!;
      return `${bytes.readBigInt64BE(43)}:${bytes.readInt32BE(53)}+${bytes.readInt32BE(57)}`;
    });
  }

  test('sends calls made in one go as one batch, and tells each the offset of its first record', async () => {
    const offsets = await Promise.all([
      producer.send(at, [record('a')]),
      producer.send(at, [record('b'), record('c')]),
      producer.send(at, [record('d')]),
    ]);
    assert.deepEqual(offsets, [100, 101, 103]);
    assert.deepEqual(sent(), ['7:0+4']);
  });

  test('has one batch a partition under way; what is sent meanwhile goes into the next', async () => {
    const answer = deferred<Writer>();
    let produce: SeenProduce | undefined;
    const first = deferred<void>();
    broker.on(produceV11.api.key, ({ body }) => {
      if (produce) return producedAnswer(readProduce(body), () => NONE);
      produce = readProduce(body);
      first.resolve();
      return answer.promise;
    });
    const sending = [producer.send(at, [record('a')])];
    await first.promise;
    sending.push(producer.send(at, [record('b')]), producer.send(at, [record('c')]));
    await new Promise(setImmediate);
    assert.equal(sent().length, 1);
    answer.resolve(producedAnswer(produce!, () => NONE));
    await Promise.all(sending);
    assert.deepEqual(sent(), ['7:0+1', '7:1+2']);
  });

  test('sends a batch whose answer was lost again, as it was', async () => {
    react((_, count) => (count <= 2 ? 'lose' : NONE));
    await producer.send(at, [record('a')]);
    const batches = broker
      .bodiesOf(produceV11.api.key)
      .map((body) => readProduce(body).batches[0]!.bytes);
    assert.equal(batches.length, 3);
    assert.deepEqual(batches[1], batches[0]);
    assert.deepEqual(batches[2], batches[0]);
  });

  test('follows the leader', async () => {
    react((_, count) => (count === 1 ? NOT_LEADER_OR_FOLLOWER : NONE));
    assert.equal(await producer.send(at, [record('a')]), 100);
  });

  test('sends what was too large together one by one, and refuses only what is too large alone', async () => {
    react(({ batches }) => (batches[0]!.bytes.length > 200 ? MESSAGE_TOO_LARGE : NONE));
    const results = await Promise.allSettled([
      producer.send(at, [record('x'.repeat(50))]),
      producer.send(at, [record('y'.repeat(500))]),
      producer.send(at, [record('z'.repeat(50))]),
    ]);
    assert.deepEqual(
      results.map((result) =>
        result.status === 'rejected' ? logErrorCodeOf(result.reason) : 'sent',
      ),
      ['sent', 'too-large', 'sent'],
    );
    // What was refused took no sequence number.
    assert.deepEqual(sent(), ['7:0+3', '7:0+1', '7:1+1', '7:1+1']);
  });

  test('sends a batch as another producer when the broker has forgotten it', async () => {
    await producer.send(at, [record('a')]);
    react((_, count) => (count === 1 ? UNKNOWN_PRODUCER_ID : NONE));
    assert.equal(await producer.send(at, [record('b')]), 100);
    await producer.send(at, [record('c')]);
    assert.deepEqual(sent(), ['7:0+1', '7:1+1', '8:0+1', '8:1+1']);
  });

  test('does not send it again when nobody knows whether it was written', async () => {
    await producer.send(at, [record('a')]);
    react((_, count) => {
      if (count === 1) return 'lose';
      return count === 2 ? OUT_OF_ORDER_SEQUENCE_NUMBER : NONE;
    });
    await assert.rejects(producer.send(at, [record('b')]), { code: 'unavailable' });
    await producer.send(at, [record('c')]);
    assert.deepEqual(sent(), ['7:0+1', '7:1+1', '7:1+1', '8:0+1']);
  });

  test('gives up after its time-out, and says that it may be tried again', async () => {
    react(() => 'lose');
    await assert.rejects(producer.send(at, [record('a')]), { code: 'unavailable' });
    react(() => NONE);
    assert.equal(await producer.send(at, [record('b')]), 100);
  });

  test('refuses more than it may hold, instead of growing', async () => {
    const answer = deferred<Writer | 'lose'>();
    broker.on(produceV11.api.key, () => answer.promise);
    const sending: Promise<number>[] = [];
    for (let count = 0; count < 40; count += 1) {
      sending.push(
        producer.send({ ...at, partition: count % 12 }, [record('x'.repeat(1_000_000))]),
      );
    }
    const failures = await Promise.allSettled(sending.slice(33));
    assert.ok(failures.every((result) => result.status === 'rejected'));
    answer.resolve('lose');
    await producer.close();
    const others = await Promise.allSettled(sending.slice(0, 33));
    assert.ok(others.every((result) => result.status === 'rejected'));
  });
});

function record(value: string): OutgoingRecord {
  return { key: null, value: Buffer.from(value), headers: [] };
}

function logErrorCodeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
