import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchV17, Reader } from '@platformatic/kafka';
import { fetchAnswer } from '../scripted/scripted-fetches.ts';
import { readFetchAnswer } from './fetch-answer.ts';
import { encodeRecordBatch } from './record-batch-encoder.ts';

const topicId = '01234567-89ab-cdef-0123-456789abcdef';
const records = encodeRecordBatch([{ key: null, value: Buffer.from('value'), headers: [] }], {
  producerId: 1n,
  producerEpoch: 0,
  baseSequence: 0,
  isTransactional: true,
  timestampMs: 1,
});
const body = fetchAnswer(topicId, [
  { partition: 3, records, aborted: [{ producerId: 5n, firstOffset: 2n }] },
  { partition: 4 },
]).buffer;

test('an answer is read as the library reads it, and its batches are left as they are', () => {
  const { errorCode, partitions } = readFetchAnswer(body);
  const read = fetchV17.parseResponse(0, 1, 17, Reader.from(Buffer.from(body)));
  assert.equal(errorCode, read.errorCode);
  for (const [index, expected] of read.responses[0]!.partitions.entries()) {
    const { abortedTransactions, ...partition } = partitions[index]!;
    assert.equal(partition.topicId, topicId);
    assert.equal(partition.partition, expected.partitionIndex);
    assert.equal(partition.errorCode, expected.errorCode);
    assert.equal(partition.highWatermark, Number(expected.highWatermark));
    assert.deepEqual(
      abortedTransactions.map(({ producerId, firstOffset }) => [producerId, firstOffset]),
      expected.abortedTransactions!.map((each) => [
        Number(each.producerId),
        Number(each.firstOffset),
      ]),
    );
  }
  assert.deepEqual(partitions[0]!.records, records);
  assert.equal(partitions[1]!.records.length, 0);
});

test('an answer that ends anywhere too early is corrupt, or has no partition cut short', () => {
  for (let length = 0; length < body.length - 1; length += 1) {
    try {
      const { partitions } = readFetchAnswer(Buffer.from(body.subarray(0, length)));
      const sizes = partitions.map((partition) => partition.records.length);
      assert.ok(sizes.every((size) => size === 0 || size === records.length));
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'corrupt');
    }
  }
});
