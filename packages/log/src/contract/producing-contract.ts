import assert from 'node:assert/strict';
import type { OutgoingRecord } from '../record.ts';
import { longText, recordOf, textOf } from './contract-case.ts';
import type { ContractTest } from './contract-cluster.ts';

export function producingTests(test: ContractTest): void {
  test('records come back as they were sent: keys, values, headers, and what is null or empty', async (c) => {
    const at = (await c.topic()).at(0);
    const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
    const sent: OutgoingRecord[] = [
      { key: bytes(1, 2), value: bytes(3), headers: [] },
      { key: null, value: bytes(4), headers: [] },
      { key: bytes(5), value: null, headers: [] },
      { key: null, value: null, headers: [] },
      { key: bytes(), value: bytes(), headers: [{ key: '', value: bytes() }] },
      {
        key: bytes(0, 255),
        value: new Uint8Array(70_000).fill(7),
        headers: [
          { key: 'twice', value: bytes(1) },
          { key: 'twice', value: bytes(2) },
          { key: 'größe ☃', value: new Uint8Array(300).fill(9) },
        ],
      },
    ];
    await c.log.openProducer().send(at, sent);
    const reader = await c.openReader().add(at).reached(at, sent.length);
    for (const [index, record] of reader.records().entries()) {
      const { key, value, headers } = sent[index]!;
      assert.equal(record.offset, index);
      assert.deepEqual(record.key && Uint8Array.from(record.key), key);
      assert.deepEqual(record.value && Uint8Array.from(record.value), value);
      const copies = record.headers.map((header) => ({
        key: header.key,
        value: Uint8Array.from(header.value),
      }));
      assert.deepEqual(copies, headers);
    }
    assert.equal(reader.records().length, sent.length);
  });

  test('a header that is given as text comes back as its UTF-8 bytes', async (c) => {
    const at = (await c.topic()).at(0);
    const texts = ['', 'plain', 'größe ☃ 🏠', longText('long ', 5_000)];
    const headers = texts.map((value, index) => ({ key: `${index}`, value }));
    await c.log.openProducer().send(at, [{ ...recordOf('a'), headers }]);
    const [record] = (await c.openReader().add(at).reached(at, 1)).records();
    const decoder = new TextDecoder();
    assert.deepEqual(
      record!.headers.map(({ value }) => decoder.decode(value)),
      texts,
    );
  });

  test('send resolves with the offset of the first record, and offsets have no gaps', async (c) => {
    const at = (await c.topic()).at(0);
    const producer = c.log.openProducer();
    assert.equal(await producer.send(at, [recordOf('a')]), 0);
    assert.equal(await producer.send(at, [recordOf('b'), recordOf('c')]), 1);
    assert.equal(await producer.send(at, [recordOf('d')]), 3);
  });

  test('calls for one partition keep their order although nobody waits for them', async (c) => {
    const topic = await c.topic({ partitionCount: 3 });
    const producer = c.log.openProducer();
    const calls = Array.from({ length: 150 }, (_, index) => {
      const at = topic.at(index % 3);
      return producer.send(at, [recordOf(`${index}`), recordOf(`${index}+`)]);
    });
    const offsets = await Promise.all(calls);
    const reader = c.openReader();
    for (const at of topic.all()) {
      await reader.add(at).reached(at, 100);
      const mine = offsets.filter((_, index) => index % 3 === at.partition);
      assert.deepEqual(
        mine,
        mine.map((_, index) => index * 2),
      );
      const expected = mine.flatMap((_, index) => {
        const number = index * 3 + at.partition;
        return [`${number}`, `${number}+`];
      });
      assert.deepEqual(reader.records(at).map(textOf), expected);
    }
  });

  test('a record keeps the time it was given', async (c) => {
    const at = (await c.topic()).at(0);
    const timestampMs = 1_600_000_000_123;
    const nowMs = Date.now();
    await c.log.openProducer().send(at, [{ ...recordOf('old'), timestampMs }, recordOf('now')]);
    const [old, now] = (await c.openReader().add(at).reached(at, 2)).records();
    assert.equal(old!.timestampMs, timestampMs);
    assert.ok(Math.abs(now!.timestampMs - nowMs) < 600_000, 'The default is the time of sending.');
  });

  test('a LogAppendTime topic takes no time from the sender', async (c) => {
    const topic = await c.topic({ configs: { 'message.timestamp.type': 'LogAppendTime' } });
    const at = topic.at(0);
    await c.log.openProducer().send(at, [{ ...recordOf('of 1970'), timestampMs: 0 }]);
    const [record] = (await c.openReader().add(at).reached(at, 1)).records();
    assert.ok(record!.timestampMs > 1_600_000_000_000);
  });

  test('a batch over the topic’s limit rejects with too-large, and the next one is sent', async (c) => {
    const at = (await c.topic({ configs: { 'max.message.bytes': '2000' } })).at(0);
    const producer = c.log.openProducer();
    const tooLarge = producer.send(at, [recordOf(longText('big', 5_000))]);
    await assert.rejects(tooLarge, { name: 'LogError', code: 'too-large' });
    assert.equal(await producer.send(at, [recordOf('small')]), 0);
  });

  test('sending to a topic that does not exist rejects with unknown-topic', async (c) => {
    const nowhere = { topic: c.name('nowhere'), partition: 0 };
    const sent = c.log.openProducer().send(nowhere, [recordOf('lost')]);
    await assert.rejects(sent, { name: 'LogError', code: 'unknown-topic' });
  });

  test('a closed producer rejects with closed', async (c) => {
    const at = (await c.topic()).at(0);
    const producer = c.log.openProducer();
    await producer.close();
    await assert.rejects(async () => producer.send(at, [recordOf('late')]), { code: 'closed' });
  });
}
