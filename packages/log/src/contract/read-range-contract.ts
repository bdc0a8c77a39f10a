import assert from 'node:assert/strict';
import type { TopicIdPartition } from '../record.ts';
import { longText, recordOf, textOf } from './contract-case.ts';
import type { ContractCase } from './contract-case.ts';
import type { ContractTest } from './contract-cluster.ts';

type Range = { readonly offsetFrom: number; readonly offsetUntil: number };

async function readRange(c: ContractCase, at: TopicIdPartition, range: Range): Promise<string[]> {
  const texts: string[] = [];
  await c.log.readRange({ ...at, ...range, visit: (record) => texts.push(textOf(record)) });
  return texts;
}

export function readRangeTests(test: ContractTest): void {
  test('a range is read from its first offset up to, not including, its last', async (c) => {
    const at = (await c.topic()).at(0);
    await c.send(at, 'a', 'b', 'c');
    await c.send(at, 'd', 'e');
    assert.deepEqual(await readRange(c, at, { offsetFrom: 0, offsetUntil: 5 }), [
      'a',
      'b',
      'c',
      'd',
      'e',
    ]);
    assert.deepEqual(await readRange(c, at, { offsetFrom: 1, offsetUntil: 4 }), ['b', 'c', 'd']);
    assert.deepEqual(await readRange(c, at, { offsetFrom: 3, offsetUntil: 3 }), []);
    assert.deepEqual(await readRange(c, at, { offsetFrom: 5, offsetUntil: 5 }), []);
  });

  test('a range much larger than one answer is read to its end', async (c) => {
    const at = (await c.topic()).at(0);
    const producer = c.log.openProducer();
    const texts = Array.from({ length: 60 }, (_, index) => longText(`${index} `, 100_000));
    for (const text of texts) await producer.send(at, [recordOf(text)]);
    assert.deepEqual(await readRange(c, at, { offsetFrom: 0, offsetUntil: 60 }), texts);
  });

  test('aborted and control records are passed over, also when there is nothing else', async (c) => {
    const at = (await c.topic()).at(0);
    const holder = await c.holdTransaction();
    await holder.write(at, [recordOf('bad')]);
    await holder.end('abort');
    await holder.write(at, [recordOf('good')]);
    await holder.end('commit');
    assert.deepEqual(await readRange(c, at, { offsetFrom: 0, offsetUntil: 2 }), []);
    assert.deepEqual(await readRange(c, at, { offsetFrom: 0, offsetUntil: 4 }), ['good']);
    assert.deepEqual(await readRange(c, at, { offsetFrom: 3, offsetUntil: 4 }), []);
  });

  test('a transaction that is open below the end is waited for', async (c) => {
    const at = (await c.topic()).at(0);
    const holder = await c.holdTransaction();
    await c.send(at, 'before');
    await holder.write(at, [recordOf('inside')]);
    await c.send(at, 'after');
    let isDone = false;
    const reading = readRange(c, at, { offsetFrom: 0, offsetUntil: 3 }).finally(() => {
      isDone = true;
    });
    assert.deepEqual(await readRange(c, at, { offsetFrom: 0, offsetUntil: 1 }), ['before']);
    assert.equal(isDone, false);
    await holder.end('commit');
    assert.deepEqual(await reading, ['before', 'inside', 'after']);
  });

  test('a range that begins outside of the log rejects with offset-out-of-range', async (c) => {
    const at = (await c.topic()).at(0);
    await c.send(at, 'a');
    await c.send(at, 'b');
    await c.cluster.deleteRecords({ ...at, offsetBefore: 1 });
    for (const range of [
      { offsetFrom: 0, offsetUntil: 2 },
      { offsetFrom: 3, offsetUntil: 5 },
    ]) {
      await assert.rejects(readRange(c, at, range), { code: 'offset-out-of-range' });
    }
  });

  test('a range of a topic that was created anew rejects with topic-recreated', async (c) => {
    const before = await c.topic();
    await c.send(before.at(0), 'a');
    await c.cluster.deleteTopic(before.topic);
    const anew = await c.topic({ topic: before.topic });
    await c.send(anew.at(0), 'b');
    const range = { offsetFrom: 0, offsetUntil: 1 };
    await assert.rejects(readRange(c, before.at(0), range), { code: 'topic-recreated' });
    assert.deepEqual(await readRange(c, anew.at(0), range), ['b']);
  });
}
