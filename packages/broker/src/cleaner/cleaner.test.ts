import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import type { ReadResult } from '../partitions/partition-reader.ts';
import type { Partition } from '../partitions/partition.ts';
import { openLog, testBatch, type LogHarness } from '../storage/log-harness.ts';
import { Compression } from '../wire/compression.ts';
import type { RecordBatch } from '../wire/record-batch.ts';
import {
  checkpointed,
  cleanNow,
  cleanerOf,
  consume,
  consumed,
  keyedBatch,
  storedBatches,
  turns,
  type KeyValue,
} from './cleaning-harness.ts';

/** Every batch gets a segment of its own; everything dirty is due. */
const OVERRIDES = {
  'cleanup.policy': 'compact',
  'segment.bytes': '100',
  'min.cleanable.dirty.ratio': '0',
  'delete.retention.ms': '1000',
};
const marker = { producerId: 5, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: 1000 };
const producer = { producerId: 5, producerEpoch: 0 };

for (const kind of ['in memory', 'in files'] as const) {
  describe(`a log ${kind}`, () => {
    /** A log with one compacted partition. */
    async function open(overrides: Record<string, string> = {}) {
      const disk = kind === 'in files' ? new SimulatedDisk() : null;
      const log = await openLog(disk);
      await log.createTopic('t', { overrides: { ...OVERRIDES, ...overrides } });
      const partition = log.partition('t', 0);
      const put = (records: readonly KeyValue[], options = {}) =>
        log.append(partition, keyedBatch(records, options));
      return { disk, log, partition, put };
    }

    test('keeps the last record of each key, at its offset, and the active segment as it is', async () => {
      const { log, partition, put } = await open();
      await put([['a', '0'], ['b', '1'], ['a', '2']]); // prettier-ignore
      await put([['b', '3'], ['c', '4']]); // prettier-ignore
      await fill(put);
      await put([['c', 'active']]);
      await clean(log);
      assert.deepEqual(await read(partition), ['2:a=2', '3:b=3', '4:c=4', ...FILLED, '9:c=active']);
      assert.equal(partition.logStartOffset, 0);
      assert.deepEqual(log.errors, []);
    });

    test('a reader in a gap gets the next batch, by offset and by time', async () => {
      const { log, partition, put } = await open();
      for (const [index, value] of ['0', '1', '2', '3'].entries()) {
        await put([['a', value]], { timestampMs: 5000 + index });
      }
      await fill(put);
      await clean(log);
      for (const offset of [0, 1, 2, 3]) {
        const flags = { isExact: false, isReadCommitted: false, maxBytes: 1 };
        const answer = await partition.read({ offset, ...flags });
        assert.equal(Buffer.from(answer.chunks[0] ?? []).readBigInt64BE(), 3n, `from ${offset}`);
      }
      const found = await partition.findTimestamp(5001, partition.highWatermark);
      assert.equal(found?.baseOffset, 3);
      await partition.moveLogStart(2);
      assert.deepEqual((await read(partition))[0], '3:a=3');
      assert.equal(partition.logStartOffset, 2);
    });

    test('a tombstone stays for delete.retention.ms after all older records of its key are gone', async () => {
      const { log, partition, put } = await open();
      await put([['a', '0'], ['a', null], ['b', '2']]); // prettier-ignore
      await fill(put);
      await clean(log);
      assert.deepEqual((await read(partition)).slice(0, 2), ['1:a=null', '2:b=2']);
      log.clock.advance(999);
      await fill(put);
      await clean(log);
      assert.deepEqual((await read(partition))[0], '1:a=null', 'not yet');
      log.clock.advance(1);
      await fill(put);
      await clean(log);
      assert.deepEqual((await read(partition))[0], '2:b=2');
    });

    test('what was aborted goes, and its marker only after that', async () => {
      const { log, partition, put } = await open();
      const transactional = { ...producer, isTransactional: true };
      await put([['a', 'aborted']], { ...transactional, baseSequence: 0 });
      await partition.appendControlBatch({ ...marker, type: 'abort' });
      await put([['b', 'committed']], { ...transactional, baseSequence: 1 });
      await partition.appendControlBatch({ ...marker, type: 'commit' });
      await fill(put);
      await clean(log);
      assert.equal(partition.cleaning.aborted.length, 0, 'nothing is left to tell a reader of');
      const markers = async () =>
        (await storedBatches(partition))
          .filter((batch) => batch.isControl)
          .map((one) => one.baseOffset);
      assert.deepEqual(await markers(), [1, 3]);
      log.clock.advance(1000);
      await fill(put);
      await clean(log);
      assert.deepEqual(await markers(), [3], 'the record of the other transaction is still there');
      assert.equal((await read(partition))[0], '2:b=committed');
      await put([['b', 'later']]);
      await fill(put);
      await clean(log);
      assert.deepEqual(await markers(), [3]);
      log.clock.advance(999);
      await fill(put);
      await clean(log);
      assert.deepEqual(await markers(), [3], 'for the time of a tombstone');
      log.clock.advance(1);
      await fill(put);
      await clean(log);
      assert.deepEqual(await markers(), []);
    });

    test('an aborted transaction is told of no longer than its marker is there', async () => {
      const { log, partition, put } = await open({ 'delete.retention.ms': '0' });
      const transactional = { ...producer, isTransactional: true };
      await put([['a', 'aborted']], { ...transactional, baseSequence: 0 });
      await partition.appendControlBatch({ ...marker, type: 'abort' });
      await put([['b', 'committed']], { ...transactional, baseSequence: 1 });
      await partition.appendControlBatch({ ...marker, type: 'commit' });
      await fill(put);
      await checkpointed(log);
      let checksCount = 0;
      // Two for each group: the first ones have the abort marker.
      const interrupted = cleanNow(partition, log.clock.wallMs(), () => ++checksCount > 5);
      await assert.rejects(interrupted, { code: 'CLEANING_INTERRUPTED' });
      const answers: (ReadResult | Promise<ReadResult>)[] = [];
      for (let round = 0; round < 3; round++) {
        await cleanNow(partition, log.clock.wallMs(), () => {
          const flags = { isReadCommitted: true, isExact: false };
          answers.push(partition.read({ offset: 0, maxBytes: 10_000, ...flags }));
          return false;
        });
      }
      for (const answer of answers) {
        const keys = consumed(await answer).map(({ key }) => key);
        if (kind === 'in memory') assert.ok(keys.includes('b'), keys.join(''));
      }
      const isMarker = (batch: RecordBatch): boolean => batch.isControl;
      assert.equal((await storedBatches(partition)).filter(isMarker).length, 1);
    });

    test('nothing above an open transaction is touched', async () => {
      const { log, partition, put } = await open();
      await put([['a', '0'], ['a', '1']]); // prettier-ignore
      await put([['b', '2']], { ...producer, baseSequence: 0, isTransactional: true });
      await put([['a', '3'], ['a', '4']]); // prettier-ignore
      await fill(put);
      await clean(log);
      const seen = await consume(partition, { isReadCommitted: false });
      assert.deepEqual(seen.slice(0, 4).map(({ offset }) => offset), [1, 2, 3, 4]); // prettier-ignore
    });

    test('a reader in a gap below an open transaction waits for it to end', async () => {
      const { log, partition, put } = await open();
      await put([['a', '0']]);
      await put([['a', 'aborted']], { ...producer, baseSequence: 0, isTransactional: true });
      await partition.appendControlBatch({ ...marker, type: 'abort' });
      await put([['b', '3']], { producerId: 6, producerEpoch: 0, baseSequence: 0, isTransactional: true }); // prettier-ignore
      await fill(put);
      partition.producerStates().expire(Infinity);
      for (let round = 0; round < 2; round++) {
        await checkpointed(log);
        await cleanNow(partition, log.clock.wallMs());
        log.clock.advance(1000);
      }
      const wanted = { offset: 1, maxBytes: 1000, isExact: false, isReadCommitted: true };
      const { sizeBytes, isCut, lastStableOffset } = await partition.read(wanted);
      assert.deepEqual({ sizeBytes, isCut, lastStableOffset }, { sizeBytes: 0, isCut: false, lastStableOffset: 3 }); // prettier-ignore
      const uncommitted = await partition.read({ ...wanted, isReadCommitted: false });
      assert.equal(Buffer.from(uncommitted.chunks[0] ?? []).readBigInt64BE(), 3n);
    });

    test('the header of the last batch of a producer stays, until the producer is forgotten', async () => {
      const { log, partition, put } = await open();
      await put([['a', '0'], ['a', '1']], { ...producer, baseSequence: 7, codec: Compression.GZIP }); // prettier-ignore
      await put([['a', '2']]);
      await fill(put);
      await clean(log);
      const headerOf = async () =>
        (await storedBatches(partition)).find((batch) => batch.producerId === 5)?.header;
      const header = await headerOf();
      assert.deepEqual([header?.baseOffset, header?.lastOffsetDelta], [0, 1]);
      assert.deepEqual([header?.baseSequence, header?.recordsCount], [7, 0]);
      const found = await partition.findTimestamp(0, partition.highWatermark);
      assert.equal(found?.recordsCount, 1, 'there is no time in an empty batch');
      log.clock.advance(25 * 60 * 60 * 1000);
      await partition.applyRetention();
      await fill(put);
      await clean(log);
      assert.equal(await headerOf(), undefined);
    });

    test('a batch keeps its codec, its offsets and its sequence when some of its records go', async () => {
      for (const codec of Object.values(Compression)) {
        const { log, partition, put } = await open();
        await put([['a', '0'], ['b', '1'], ['a', '2'], ['b', '3']], { ...producer, baseSequence: 3, codec }); // prettier-ignore
        await put([['b', '4']]);
        await fill(put);
        await clean(log);
        const [batch] = await storedBatches(partition);
        assert.equal(batch?.compression, codec);
        assert.equal(batch?.hasValidCrc(), true);
        const { baseOffset, lastOffsetDelta, baseSequence, recordsCount, maxTimestampMs } =
          batch.header;
        assert.deepEqual([baseOffset, lastOffsetDelta, baseSequence, recordsCount], [0, 3, 3, 1]);
        assert.equal(maxTimestampMs, 1002, 'the time of the record that is left');
        assert.deepEqual((await read(partition)).slice(0, 2), ['2:a=2', '4:b=4']);
      }
    });

    test('is left alone when too little of it is dirty, too young, or not compacted', async () => {
      for (const overrides of [
        { 'min.cleanable.dirty.ratio': '1' },
        { 'min.compaction.lag.ms': '1000000' },
        { 'cleanup.policy': 'delete' },
      ]) {
        const { log, partition, put } = await open(overrides);
        const timestampMs = log.clock.wallMs();
        await put([['a', '0'], ['a', '1']], { timestampMs }); // prettier-ignore
        await fill(put, { timestampMs });
        await clean(log);
        assert.equal((await read(partition))[0], '0:a=0');
      }
    });

    test('is cleaned when a record gets too old, however little there is to gain', async () => {
      const { log, partition, put } = await open({
        'min.cleanable.dirty.ratio': '1',
        'max.compaction.lag.ms': '5000',
      });
      const timestampMs = log.clock.wallMs();
      await put([['a', '0'], ['a', '1']], { timestampMs }); // prettier-ignore
      await fill(put, { timestampMs });
      log.clock.advance(5000);
      await clean(log);
      assert.equal((await read(partition))[0], '0:a=0');
      log.clock.advance(2);
      await clean(log);
      assert.equal((await read(partition))[0], '1:a=1');
    });

    test('more keys than the map takes are cleaned in several rounds', async () => {
      const { log, partition, put } = await open();
      for (let round = 0; round < 2; round++) {
        for (let key = 0; key < 40; key++) await put([[`k${key}`, `${round}`]]);
      }
      await fill(put);
      await clean(log, { mapBytesMax: 24 * 20 });
      const seen = await consume(partition, { isReadCommitted: true });
      const values = seen.filter(({ key }) => key.startsWith('k')).map(({ value }) => value);
      assert.deepEqual(
        values,
        Array.from({ length: 40 }, () => '1'),
      );
      assert.deepEqual(log.errors, []);
    });

    test('that cannot be read by its keys is reported once, and served and written as before', async () => {
      const { log, partition, put } = await open({ 'cleanup.policy': 'delete' });
      await log.append(partition, testBatch({ fill: 0x80 }));
      const topic = log.topics.byName('t');
      assert.ok(topic);
      await log.topics.configure(topic, OVERRIDES);
      await fill(put);
      const cleaner = cleanerOf(log);
      for (let round = 0; round < 2; round++) {
        await checkpointed(log);
        await cleaner.run();
      }
      assert.deepEqual(
        log.errors.map(({ message }) => message),
        ['t-0 is not compacted until the next start: a varint is longer than 10 bytes'],
      );
      assert.equal(partition.failure, null);
      assert.equal((await storedBatches(partition)).length, 5);
    });

    test('lets others run after each small piece of work', async () => {
      const { log, put } = await open({ 'segment.bytes': '1000000' });
      const many = Array.from({ length: 60 }, (_, index): KeyValue => [`${index}`, 'x'.repeat(30)]);
      for (let index = 0; index < 60; index++) await put(many);
      await put([['x', 'y']]);
      const topic = log.topics.byName('t');
      assert.ok(topic);
      await log.topics.configure(topic, OVERRIDES);
      await put([['active', '']]);
      await checkpointed(log);
      const watched = { turns: 0, isCleaning: true };
      const cleaning = cleanerOf(log)
        .run()
        .finally(() => (watched.isCleaning = false));
      while (watched.isCleaning) {
        watched.turns++;
        await turns();
      }
      await cleaning;
      // 3,600 records of about 100 bytes with what a record costs, twice.
      assert.ok(watched.turns >= 10, `${watched.turns} turns`);
    });

    test('small neighbours become one segment', async () => {
      const { log, partition, put } = await open({ 'segment.bytes': '1000' });
      for (let index = 0; index < 120; index++) {
        await put([[index % 4 === 0 ? `k${index}` : 'a', '']]);
      }
      await checkpointed(log);
      const { segments } = partition.cleaning;
      const counts: number[] = [segments.closedSegments().length];
      for (let round = 0; round < 2; round++) {
        await cleanNow(partition, log.clock.wallMs());
        counts.push(segments.closedSegments().length);
        for (const { sizeBytes } of segments.closedSegments()) assert.ok(sizeBytes <= 1000);
      }
      const [before = 0, once = 0, twice = 0] = counts;
      assert.ok(twice < once && once <= before, counts.join(', '));
    });
  });
}

/** What is left of `fill` behind five records. */
const FILLED = ['8:x=4'];

/** Ends the segments before with four batches of one key. */
async function fill(
  put: (records: readonly KeyValue[], options?: object) => Promise<number>,
  options = {},
): Promise<void> {
  for (let index = 1; index <= 4; index++) await put([['x', `${index}`]], options);
}

async function read(partition: Partition): Promise<string[]> {
  const records = await consume(partition, { isReadCommitted: true });
  return records.map(({ offset, key, value }) => `${offset}:${key}=${value}`);
}

/** Everything is in segments, and what is dirty is cleaned. */
async function clean(log: LogHarness, options: { mapBytesMax?: number } = {}): Promise<void> {
  await checkpointed(log);
  await cleanerOf(log, options).run();
}
