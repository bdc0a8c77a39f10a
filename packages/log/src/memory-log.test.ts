import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FetchedBatch } from './fetcher.ts';
import { MemoryRun, recordOf } from './memory-run.ts';

const AT = { topic: 'in', partition: 0 };

function open(options: ConstructorParameters<typeof MemoryRun>[0] = {}) {
  const run = new MemoryRun(options);
  run.broker.createTopic({ topic: 'in', partitionCount: 2 });
  return { run, topicId: run.broker.topics.find('in')!.topicId };
}

describe('a memory log', () => {
  test('a producer sends again what was lost, and it is there once', async () => {
    const { run } = open();
    const producer = run.openLog('one').openProducer();
    run.next(
      'Produce',
      { kind: 'drop-answer' },
      { kind: 'drop-request' },
      { kind: 'delay', delayMs: 3_000 },
    );
    const sent = [producer.send(AT, [recordOf('a')]), producer.send(AT, [recordOf('b')])];
    assert.deepEqual(await run.settle(Promise.all(sent)), [0, 1]);
    await run.pass(10_000);
    assert.deepEqual(await run.texts(AT), ['a', 'b']);
  });

  test('a producer that gets no answer gives up, and a later call goes on', async () => {
    const { run } = open();
    const producer = run.openLog('one').openProducer();
    run.broker.network.cut('one');
    await assert.rejects(run.settle(producer.send(AT, [recordOf('lost')])), {
      code: 'unavailable',
    });
    assert.ok(run.nowMs >= 30_000);
    run.broker.network.heal('one');
    await run.settle(producer.send(AT, [recordOf('kept')]));
    assert.deepEqual(await run.texts(AT), ['kept']);
  });

  test('admin calls ask again for ten seconds, then reject with unavailable', async () => {
    const { run } = open();
    const { admin } = run.openLog('one');
    run.next('Metadata', { kind: 'drop-answer' }, { kind: 'drop-request' });
    const [described] = await run.settle(admin.describeTopics(['in']));
    assert.equal(described!.partitionCount, 2);
    run.broker.network.cut('one');
    const startMs = run.nowMs;
    await assert.rejects(run.settle(admin.describeTopics(['in'])), { code: 'unavailable' });
    assert.ok(run.nowMs - startMs >= 10_000 && run.nowMs - startMs < 12_000);
  });

  test('fencing an id waits until its transaction is aborted everywhere', async () => {
    const { run } = open({ markerDelayMs: () => 500 });
    const identity = run.broker.transactions.initProducerId({ transactionalId: 't' });
    run.broker.addPartitions('t', identity, [AT]);
    const { admin } = run.openLog('one');
    assert.deepEqual(await run.settle(admin.ongoingTransactionalIds('t')), ['t']);
    await run.settle(admin.fence('t'));
    assert.ok(run.nowMs >= 500);
  });

  test('a range that an open transaction holds up is given up after 30 s without progress', async () => {
    const { run, topicId } = open();
    const log = run.openLog('one');
    const identity = run.broker.transactions.initProducerId({
      transactionalId: 't',
      timeoutMs: 600_000,
    });
    run.broker.addPartitions('t', identity, [AT]);
    const stamp = { ...identity, baseSequence: 0 };
    const records = [recordOf('open')];
    run.broker.produce({ to: AT, records, stamp, transactionalId: 't' });
    const range = { ...AT, topicId, offsetFrom: 0, offsetUntil: 1, visit: () => assert.fail() };
    await assert.rejects(run.settle(log.readRange(range)), { code: 'unavailable' });
    assert.ok(run.nowMs >= 30_000 && run.nowMs < 31_000);
  });

  test('a fetcher asks again when an answer was lost, and for what is added at once', async () => {
    const { run, topicId } = open();
    const log = run.openLog('one');
    const batches: FetchedBatch[] = [];
    const fetcher = log.openFetcher(
      {},
      {
        onBatch: (batch) => batches.push(batch),
        onPartitionError: (_at, error) => assert.fail(error),
      },
    );
    run.next('Fetch', { kind: 'drop-answer', noticedAfterMs: 30 });
    fetcher.add({ ...AT, topicId }, 0);
    const producer = run.openLog('two').openProducer();
    await run.settle(producer.send(AT, [recordOf('a')]));
    await run.until(() => batches.length === 1);
    await run.settle(producer.send({ ...AT, partition: 1 }, [recordOf('b')]));
    const addedMs = run.nowMs;
    fetcher.add({ ...AT, partition: 1, topicId }, 0);
    await run.until(() => batches.length === 2);
    assert.equal(run.nowMs, addedMs, 'The poll that waits for the first one does not hold it up.');
    await fetcher.close();
  });

  test('a crashed process hears nothing more, though what it had sent takes effect', async () => {
    const { run, topicId } = open({ network: { hopDelayMs: () => 5 } });
    const log = run.openLog('one');
    let heardCount = 0;
    const heard = (): void => {
      heardCount += 1;
    };
    const fetcher = log.openFetcher({}, { onBatch: heard, onPartitionError: heard });
    fetcher.add({ ...AT, topicId }, 0);
    const producer = log.openProducer();
    producer.send(AT, [recordOf('sent')]).then(heard, heard);
    await run.pass(1);
    log.crash();
    producer.send(AT, [recordOf('never sent')]).then(heard, heard);
    log.admin.describeTopics(['in']).then(heard, heard);
    await run.pass(120_000);
    assert.equal(heardCount, 0);
    assert.deepEqual(await run.texts(AT), ['sent']);
  });
});
