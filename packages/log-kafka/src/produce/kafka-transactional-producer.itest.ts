import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import {
  addOffsetsToTxnV4,
  addPartitionsToTxnV3,
  endTxnV4,
  initProducerIdV5,
  produceV11,
  txnOffsetCommitV4,
} from '@platformatic/kafka';
import type { Log, Transaction } from '@chat-cluster/log';
import { viewBatch } from '../codec/record-batch-reader.ts';
import { openKafkaLog } from '../kafka-log.ts';
import { errorCodeAnswer, producerIdAnswer, ScriptedBroker } from '../scripted/scripted-broker.ts';
import {
  acceptTransactions,
  offsetsAnswer,
  partitionsAddedAnswer,
  producedAnswer,
  readEnd,
  readInit,
  readOffsets,
  readProduce,
} from '../scripted/scripted-transactions.ts';

const keys = {
  addPartitions: addPartitionsToTxnV3.api.key,
  addOffsets: addOffsetsToTxnV4.api.key,
  produce: produceV11.api.key,
  offsets: txnOffsetCommitV4.api.key,
  end: endTxnV4.api.key,
  init: initProducerIdV5.api.key,
};

describe('a transactional producer', { timeout: 60_000 }, () => {
  let broker: ScriptedBroker;
  let log: Log;

  beforeEach(async () => {
    broker = await ScriptedBroker.start();
    acceptTransactions(broker);
    log = openKafkaLog({ bootstrap: [{ host: '127.0.0.1', port: broker.port }], clientId: 'test' });
  });
  afterEach(async () => {
    await log.close();
    await broker.close();
  });

  test('sends three rounds: none begins before the one before was answered', async () => {
    const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
    const result = await producer.commit(transactionOf([0, 1, 2]));
    assert.deepEqual(result, { outcome: 'committed', baseOffsets: [100, 100, 100] });
    const rounds = new Map([
      [keys.addPartitions, 1],
      [keys.addOffsets, 1],
      [keys.produce, 2],
      [keys.offsets, 2],
      [keys.end, 3],
    ]);
    const order = broker.requests.flatMap(({ apiKey }) => rounds.get(apiKey) ?? []);
    assert.deepEqual(order, [1, 1, 2, 2, 3]);
  });

  test('commits all offsets in one request, with the generation it is given', async () => {
    const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
    await producer.commit(transactionOf([0, 5, 11]));
    const [request, ...more] = broker.bodiesOf(keys.offsets).map(readOffsets);
    assert.deepEqual(more, []);
    assert.deepEqual(request, {
      transactionalId: 'worker.0',
      generationId: 4,
      memberId: 'me',
      topics: [{ name: 'in', partitions: [0, 5, 11] }],
    });
  });

  test('takes turns between its transactional ids', async () => {
    const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
    for (let count = 0; count < 3; count += 1) await producer.commit(transactionOf([0]));
    assert.deepEqual(broker.bodiesOf(keys.end).map(readEnd), [
      'worker.0:0:commit',
      'worker.1:0:commit',
      'worker.0:0:commit',
    ]);
  });

  test('has one transactional id when it is told to', async () => {
    const bootstrap = [{ host: '127.0.0.1', port: broker.port }];
    const other = openKafkaLog({ bootstrap, clientId: 'test', lanes: 1 });
    const producer = await other.openTransactionalProducer({ transactionalId: 'worker' });
    for (let count = 0; count < 2; count += 1) await producer.commit(transactionOf([0]));
    await other.close();
    assert.deepEqual(broker.bodiesOf(keys.end).map(readEnd), [
      'worker.0:0:commit',
      'worker.0:0:commit',
    ]);
  });

  test('opens as a new holder, and waits while the holder before is aborted', async () => {
    let asked = 0;
    broker.on(keys.init, () => {
      asked += 1;
      return producerIdAnswer({ producerId: 7n, epoch: 0, errorCode: asked < 6 ? 51 : 0 });
    });
    await log.openTransactionalProducer({ transactionalId: 'worker' });
    const requests = broker.bodiesOf(keys.init).map(readInit);
    assert.ok(requests.length >= 7);
    assert.deepEqual(new Set(requests), new Set(['worker.0:-1:-1', 'worker.1:-1:-1']));
  });

  test('may leave a transaction open for ten seconds, unless it is told another time', async () => {
    const timeoutMs = (body: Parameters<typeof readInit>[0]): number => {
      body.reset();
      body.readNullableString();
      return body.readInt32();
    };
    await log.openTransactionalProducer({ transactionalId: 'worker' });
    await log.openTransactionalProducer({ transactionalId: 'other', transactionTimeoutMs: 500 });
    const times = broker.bodiesOf(keys.init).map((body) => timeoutMs(body));
    assert.deepEqual(times, [10_000, 10_000, 500, 500]);
  });

  test('waits while the coordinator writes the markers of the transaction before', async () => {
    let asked = 0;
    broker.on(keys.addPartitions, ({ body }) => {
      asked += 1;
      return partitionsAddedAnswer(body, asked < 4 ? 51 : 0);
    });
    const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
    assert.equal((await producer.commit(transactionOf([0]))).outcome, 'committed');
    assert.equal(asked, 4);
  });

  test('asks for a lost end again, in the same direction and epoch, and then goes on with another epoch', async () => {
    answerBumps(broker);
    const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
    loseFirst(broker, keys.end, 2, () => errorCodeAnswer(0));
    assert.equal((await producer.commit(transactionOf([0]))).outcome, 'committed');
    assert.equal((await producer.commit(transactionOf([0]))).outcome, 'committed');
    assert.equal((await producer.commit(transactionOf([0]))).outcome, 'committed');
    assert.deepEqual(broker.bodiesOf(keys.end).map(readEnd), [
      'worker.0:0:commit',
      'worker.0:0:commit',
      'worker.0:0:commit',
      'worker.1:0:commit',
      'worker.0:1:commit',
    ]);
  });

  for (const api of ['addPartitions', 'addOffsets', 'produce', 'offsets'] as const) {
    test(`aborts when the answer to ${api} is lost, and bumps the epoch with its own id, never as a new holder`, async () => {
      answerBumps(broker);
      const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
      const opened = broker.bodiesOf(keys.init).length;
      loseFirst(broker, keys[api], 1, () => {
        throw new Error('It is not asked for again.');
      });
      const result = await producer.commit(transactionOf([0]));
      assert.equal(result.outcome, 'aborted');
      assert.ok(result.outcome === 'aborted' && result.reason === 'unavailable');
      assert.deepEqual(broker.bodiesOf(keys.end).map(readEnd), ['worker.0:0:abort']);
      assert.deepEqual(broker.bodiesOf(keys.init).slice(opened).map(readInit), ['worker.0:7:0']);
    });
  }

  test('numbers its records from 0 again in another epoch', async () => {
    answerBumps(broker);
    const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
    const sequences = (): string[] =>
      broker.bodiesOf(keys.produce).map((body) => {
        const { bytes } = readProduce(body).batches[0]!;
        return `${bytes.readInt16BE(51)}:${bytes.readInt32BE(53)}`;
      });
    for (let count = 0; count < 3; count += 1) await producer.commit(transactionOf([0]));
    assert.deepEqual(sequences(), ['0:0', '0:0', '0:1']);
    loseFirst(broker, keys.offsets, 1, ({ body }) => offsetsAnswer(readOffsets(body), 0));
    assert.equal((await producer.commit(transactionOf([0]))).outcome, 'aborted');
    for (let count = 0; count < 2; count += 1) await producer.commit(transactionOf([0]));
    assert.deepEqual(sequences().slice(3), ['0:1', '0:2', '1:0']);
  });

  test('is fenced for good when the coordinator does not know its epoch any more', async () => {
    for (const errorCode of [47, 48, 49, 90]) {
      const producer = await log.openTransactionalProducer({ transactionalId: `w${errorCode}` });
      broker.on(keys.end, () => errorCodeAnswer(errorCode));
      assert.equal((await producer.commit(transactionOf([0]))).outcome, 'fenced');
      const sent = broker.requests.length;
      assert.equal((await producer.commit(transactionOf([0]))).outcome, 'fenced');
      assert.equal(broker.requests.length, sent, 'A fenced producer sends nothing.');
    }
  });

  test('aborts what never began without being fenced', async () => {
    answerBumps(broker);
    broker.on(keys.addPartitions, ({ body }) => partitionsAddedAnswer(body, 29));
    broker.on(keys.addOffsets, () => errorCodeAnswer(48));
    broker.on(keys.end, () => errorCodeAnswer(48));
    const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
    const result = await producer.commit(transactionOf([0]));
    assert.ok(result.outcome === 'aborted' && result.reason === 'refused');
  });

  test('says what to do about refused offsets', async () => {
    for (const [errorCode, reason] of [
      [22, 'not-a-member'],
      [25, 'not-a-member'],
      [27, 'rebalancing'],
      [12, 'refused'],
    ] as const) {
      answerBumps(broker);
      broker.on(keys.offsets, ({ body }) => offsetsAnswer(readOffsets(body), errorCode));
      const producer = await log.openTransactionalProducer({ transactionalId: `w${errorCode}` });
      const result = await producer.commit(transactionOf([0, 1]));
      assert.ok(result.outcome === 'aborted' && result.reason === reason, `${errorCode}`);
    }
  });

  test('sends again only what a leader could not verify, as it was', async () => {
    let asked = 0;
    broker.on(keys.produce, ({ body }) => {
      asked += 1;
      return producedAnswer(readProduce(body), (partition) =>
        asked === 1 && partition === 1 ? 19 : 0,
      );
    });
    const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
    assert.equal((await producer.commit(transactionOf([0, 1, 2]))).outcome, 'committed');
    const [first, second] = broker.bodiesOf(keys.produce).map(readProduce);
    assert.deepEqual(
      second!.batches.map(({ partition }) => partition),
      [1],
    );
    assert.deepEqual(second!.batches[0]!.bytes, first!.batches[1]!.bytes);
  });

  test('cuts what a topic would not take in one batch, and sends the parts in order', async () => {
    answerOffsets(broker, 100, 103, 106);
    const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
    const result = await producer.commit(sevenLargeRecords());
    assert.deepEqual(result, { outcome: 'committed', baseOffsets: [100] });
    const parts = broker.bodiesOf(keys.produce).map((body) => {
      const { bytes } = readProduce(body).batches[0]!;
      assert.ok(bytes.length <= 1_000_000);
      assert.ok(viewBatch(bytes, 0));
      return `${bytes.readInt32BE(53)}+${bytes.readInt32BE(57)}`;
    });
    assert.deepEqual(parts, ['0+3', '3+3', '6+1']);
  });

  test('takes a transaction back when something lies between the parts of a write', async () => {
    answerBumps(broker);
    answerOffsets(broker, 100, 104, 107);
    const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
    const result = await producer.commit(sevenLargeRecords());
    assert.ok(result.outcome === 'aborted' && result.reason === 'unavailable');
    assert.deepEqual(broker.bodiesOf(keys.end).map(readEnd), ['worker.0:0:abort']);
  });

  test('takes a transaction back when its signal fires in the middle of a round', async () => {
    const stopping = new AbortController();
    broker.on(keys.produce, ({ body }) => {
      stopping.abort();
      return producedAnswer(readProduce(body), () => 0);
    });
    const producer = await log.openTransactionalProducer({ transactionalId: 'worker' });
    const result = await producer.commit(transactionOf([0]), stopping.signal);
    assert.ok(result.outcome === 'aborted' && result.reason === 'requested');
    assert.deepEqual(broker.bodiesOf(keys.end).map(readEnd), ['worker.0:0:abort']);
  });
});

function transactionOf(partitions: readonly number[]): Transaction {
  const record = { key: null, value: Buffer.from('value'), headers: [] };
  return {
    writes: partitions.map((partition) => ({ topic: 'out', partition, records: [record] })),
    groupId: 'group',
    generation: { memberId: 'me', generationId: 4 },
    offsets: partitions.map((partition) => ({
      topic: 'in',
      partition,
      offsetNext: 9,
      metadata: 'm',
    })),
  };
}

/** More than two batches hold. */
function sevenLargeRecords(): Transaction {
  const value = Buffer.alloc(300_000);
  const records = Array.from({ length: 7 }, () => ({ key: null, value, headers: [] }));
  return { ...transactionOf([]), writes: [{ topic: 'out', partition: 0, records }] };
}

/** The offsets that a leader gives to the first records of batches, one after the other. */
function answerOffsets(broker: ScriptedBroker, ...offsets: readonly number[]): void {
  const left = [...offsets];
  broker.on(keys.produce, ({ body }) => producedAnswer(readProduce(body), () => 0, left.shift()));
}

/** Producer id 7 in epoch 0 for a new holder, and the next epoch for who names its own. */
function answerBumps(broker: ScriptedBroker): void {
  broker.on(keys.init, ({ body }) => {
    const epoch = Number(readInit(body).split(':')[2]);
    return producerIdAnswer({ producerId: 7n, epoch: epoch + 1 });
  });
}

function loseFirst(
  broker: ScriptedBroker,
  apiKey: number,
  count: number,
  then: Parameters<ScriptedBroker['on']>[1],
): void {
  let asked = 0;
  broker.on(apiKey, (request) => {
    asked += 1;
    return asked <= count ? 'lose' : then(request);
  });
}
