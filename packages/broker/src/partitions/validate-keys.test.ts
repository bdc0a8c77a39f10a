import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyedBatch } from '../cleaner/cleaning-harness.ts';
import { testBatch } from '../storage/log-harness.ts';
import { Compression } from '../wire/compression.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { encodeBatch, RecordBatch } from '../wire/record-batch.ts';
import { encodeRecords } from '../wire/records.ts';
import { refuseKeys } from './validate-keys.ts';

const WITH_KEY = Buffer.from([14, 0, 0, 0, 2, 65, 1, 0]);
/** The second record of a batch, without a key. */
const WITHOUT_KEY = Buffer.from([12, 0, 0, 2, 1, 1, 0]);

function batchOf(codec: number): RecordBatch {
  const { header } = new RecordBatch(testBatch({ count: 2 }));
  const body = encodeRecords([WITH_KEY, WITHOUT_KEY], codec);
  return encodeBatch({ ...header, attributes: codec }, body);
}

test('a batch whose records all have keys is taken, in every codec', () => {
  for (const codec of Object.values(Compression)) {
    const batch = new RecordBatch(keyedBatch([['a', '1'], ['b', null], ['', '3']], { codec })); // prettier-ignore
    assert.equal(refuseKeys(batch, 't-0'), null);
  }
});

test('a record without a key is named in the words of Kafka, in every codec', () => {
  const sentence = 'Compacted topic cannot accept message without key in topic partition t-0';
  for (const codec of Object.values(Compression)) {
    assert.deepEqual(refuseKeys(batchOf(codec), 't-0'), {
      errorCode: ErrorCode.INVALID_RECORD,
      message:
        'One or more records have been rejected due to 1 record errors in total, and only showing the first ' +
        `three errors at most: [RecordError(batchIndex=1, message='${sentence}')]`,
      recordErrors: [{ batchIndex: 1, batchIndexErrorMessage: sentence }],
    });
  }
});

test('records that cannot be read are refused', () => {
  const opaque = new RecordBatch(testBatch({ fill: 0xff }));
  assert.equal(refuseKeys(opaque, 't-0')?.errorCode, ErrorCode.INVALID_RECORD);
});
