import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordSizeBytesMax, type OutgoingRecord } from '@chat-cluster/log';
import {
  BATCH_OVERHEAD_BYTES,
  DecidedPart,
  decidedWrite,
  type DecidedWrite,
} from './decided-part.ts';

const recordOf = (bytes: number): OutgoingRecord => ({
  key: null,
  value: Buffer.alloc(bytes),
  headers: [],
});
const writeTo = (topic: string, partition: number, bytes: number): DecidedWrite =>
  decidedWrite({ topic, partition }, recordOf(bytes));
const sizeOf = (bytes: number): number => recordSizeBytesMax(recordOf(bytes));

function partOf(partitionBytesMax: number): DecidedPart {
  return new DecidedPart({ partition: 0, partitionBytesMax, eventNumberLast: 0 });
}

test('writes are kept by partition, in order, with their sizes', () => {
  const part = partOf(10_000);
  for (const write of [
    writeTo('a', 0, 10),
    writeTo('b', 0, 20),
    writeTo('a', 0, 30),
    writeTo('a', 1, 40),
  ]) {
    part.write(write);
  }
  assert.deepEqual(
    part.writes.map(({ topic, partition, records, sizeBytes }) => [
      topic,
      partition,
      records.length,
      sizeBytes,
    ]),
    [
      ['a', 0, 2, BATCH_OVERHEAD_BYTES + sizeOf(10) + sizeOf(30)],
      ['b', 0, 1, BATCH_OVERHEAD_BYTES + sizeOf(20)],
      ['a', 1, 1, BATCH_OVERHEAD_BYTES + sizeOf(40)],
    ],
  );
  assert.equal(part.sizeBytes, sizeOf(10) + sizeOf(20) + sizeOf(30) + sizeOf(40));
});

test('what fits counts all writes to a partition together, with what is there', () => {
  const part = partOf(BATCH_OVERHEAD_BYTES + 2 * sizeOf(10));
  const twice = [writeTo('a', 0, 10), writeTo('a', 0, 10)];
  assert.ok(part.fits(twice));
  assert.ok(!part.fits([...twice, writeTo('a', 0, 0)]));
  assert.ok(part.fits([...twice, writeTo('a', 1, 10), writeTo('b', 0, 10)]));
  part.write(writeTo('a', 0, 10));
  assert.ok(!part.fits(twice));
  assert.ok(part.fits([writeTo('a', 0, 10)]));
});

test('a snapshot is held until the part has committed, and written to no partition', () => {
  const part = partOf(1_000);
  part.write(writeTo('a', 0, 10));
  part.addSnapshot({ entityId: 'x', seq: 1, state: Buffer.alloc(500) });
  assert.equal(part.sizeBytes, sizeOf(10));
  assert.equal(part.heldBytes, sizeOf(10) + 500);
});
