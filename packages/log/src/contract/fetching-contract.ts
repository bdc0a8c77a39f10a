import assert from 'node:assert/strict';
import { longText, recordOf, textOf } from './contract-case.ts';
import type { ContractTest } from './contract-cluster.ts';

export function fetchingTests(test: ContractTest): void {
  test('records come in offset order, from any position, also from the middle of a batch', async (c) => {
    const at = (await c.topic()).at(0);
    await c.send(at, 'a', 'b', 'c');
    await c.send(at, 'd', 'e');
    for (const position of [0, 1, 2, 3, 4]) {
      const reader = await c.openReader().add(at, position).reached(at, 5);
      assert.deepEqual(reader.records().map(textOf), ['a', 'b', 'c', 'd', 'e'].slice(position));
    }
  });

  test('an empty topic is waited at, and what is written then comes', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const reader = c.openReader();
    for (const at of topic.all()) reader.add(at);
    await c.send(topic.at(1), 'first');
    await reader.reached(topic.at(1), 1);
    assert.deepEqual(reader.records().map(textOf), ['first']);
    assert.deepEqual(reader.errors, []);
  });

  test('many partitions are read together, each one in its order', async (c) => {
    const topic = await c.topic({ partitionCount: 6 });
    const producer = c.log.openProducer();
    const texts = Array.from({ length: 200 }, (_, index) => longText(`${index} `, 500));
    for (const at of topic.all()) await producer.send(at, texts.map(recordOf));
    const reader = c.openReader({ responseBytesMax: 100_000, partitionBytesMax: 20_000 });
    for (const at of topic.all()) reader.add(at);
    for (const at of topic.all()) {
      await reader.reached(at, texts.length);
      assert.deepEqual(reader.records(at).map(textOf), texts);
    }
  });

  test('a record larger than all limits comes all the same', async (c) => {
    const at = (await c.topic()).at(0);
    const texts = [longText('one', 40_000), 'small', longText('two', 40_000)];
    for (const text of texts) await c.send(at, text);
    const reader = c.openReader({ responseBytesMax: 1_000, partitionBytesMax: 1_000 });
    await reader.add(at).reached(at, texts.length);
    assert.deepEqual(reader.records().map(textOf), texts);
  });

  test('a batch tells the end of the log, for the lag', async (c) => {
    const at = (await c.topic()).at(0);
    for (let index = 0; index < 5; index += 1) await c.send(at, longText('record', 5_000));
    const reader = c.openReader({ partitionBytesMax: 6_000 });
    await reader.add(at).reached(at, 5);
    assert.ok(reader.batches.every(({ highWatermark }) => highWatermark === 5));
  });

  test('what is paused is left out until it is resumed, and then nothing is missing', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const [paused, other] = [topic.at(0), topic.at(1)];
    const reader = c.openReader({ waitMaxMs: 50 }).add(paused).add(other);
    reader.fetcher.pause(paused);
    reader.fetcher.pause(paused);
    const batchCount = (): number =>
      reader.batches.filter(({ partition }) => partition === paused.partition).length;
    for (let index = 0; index < 4; index += 1) {
      await c.send(paused, `paused ${index}`);
      await c.send(other, `other ${index}`);
      await reader.reached(other, index + 1);
    }
    assert.ok(batchCount() <= 1, 'At most the answer that was under way has come.');
    reader.fetcher.resume(paused);
    await reader.reached(paused, 4);
    const expected = [0, 1, 2, 3].map((index) => `paused ${index}`);
    assert.deepEqual(reader.records(paused).map(textOf), expected);
  });

  test('a removed partition is silent, and one that is added again is read from its new position', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const [at, other] = [topic.at(0), topic.at(1)];
    await c.send(at, 'a', 'b', 'c');
    const reader = c.openReader().add(at).add(other);
    await reader.reached(at, 3);
    reader.remove(at).remove(at);
    await c.send(at, 'd');
    await c.send(other, 'other'); // the reader fails on a batch of what is not fetched
    await reader.reached(other, 1);
    await reader.add(at, 1).reached(at, 4);
    assert.deepEqual(reader.records(at).map(textOf), ['a', 'b', 'c', 'b', 'c', 'd']);
  });

  test('an answer that was under way for a removed partition does not come after it was added again', async (c) => {
    const at = (await c.topic()).at(0);
    await c.send(at, 'a', 'b');
    await c.send(at, 'c');
    const reader = c.openReader();
    for (let count = 0; count < 20; count += 1) {
      await Promise.resolve();
      reader.add(at, 0).remove(at);
    }
    await reader.add(at, 2).reached(at, 3); // the reader fails on offsets before its position
    assert.deepEqual(reader.records(at).map(textOf), ['c']);
  });

  test('the end is a position to wait at', async (c) => {
    const at = (await c.topic()).at(0);
    await c.send(at, 'a', 'b');
    const reader = c.openReader().add(at, 2);
    await c.send(at, 'c');
    await reader.reached(at, 3);
    assert.deepEqual(reader.records().map(textOf), ['c']);
  });

  test('a position past the end is an error, never a fallback, and stops only its partition', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    await c.send(topic.at(0), 'a', 'b');
    const reader = c.openReader().add(topic.at(0), 3).add(topic.at(1));
    assert.equal((await reader.errorOf(topic.at(0))).code, 'offset-out-of-range');
    await c.send(topic.at(0), 'c', 'd');
    await c.send(topic.at(1), 'other');
    await reader.reached(topic.at(1), 1);
    assert.deepEqual(reader.records().map(textOf), ['other']);
    assert.equal(reader.errors.length, 1);
  });

  test('a position before the start of the log is an error, never a fallback', async (c) => {
    const at = (await c.topic()).at(0);
    await c.send(at, 'a');
    await c.send(at, 'b');
    await c.send(at, 'c');
    await c.cluster.deleteRecords({ ...at, offsetBefore: 2 });
    const reader = c.openReader().add(at, 1);
    assert.equal((await reader.errorOf(at)).code, 'offset-out-of-range');
    await reader.add(at, 2).reached(at, 3);
    assert.deepEqual(reader.records().map(textOf), ['c']);
  });

  test('a topic that does not exist is an unknown-topic error', async (c) => {
    const gone = await c.topic();
    await c.cluster.deleteTopic(gone.topic);
    const reader = c.openReader().add(gone.at(0));
    assert.equal((await reader.errorOf(gone.at(0))).code, 'unknown-topic');
  });

  test('a topic that was created anew is another log: reading on is a topic-recreated error', async (c) => {
    const before = await c.topic();
    await c.send(before.at(0), 'a', 'b');
    const reading = await c.openReader().add(before.at(0)).reached(before.at(0), 2);
    await c.cluster.deleteTopic(before.topic);
    const { code } = await reading.errorOf(before.at(0));
    assert.ok(code === 'unknown-topic' || code === 'topic-recreated');
    const anew = await c.topic({ topic: before.topic });
    assert.notEqual(anew.topicId, before.topicId);
    await c.send(anew.at(0), 'of the new one', 'and another');
    const reader = c.openReader().add(before.at(0), 1);
    assert.equal((await reader.errorOf(before.at(0))).code, 'topic-recreated');
    await reader.add(anew.at(0)).reached(anew.at(0), 2);
    assert.deepEqual(reader.records().map(textOf), ['of the new one', 'and another']);
  });
}
