import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchedRecord } from '@chat-cluster/log';
import { crc32c } from './crc32c.ts';
import { markerBatch, withBaseOffset } from './log-bytes.ts';
import { encodeRecordBatch } from './record-batch-encoder.ts';
import { batchField, logAppendTimeBit } from './record-batch-format.ts';
import { readBatchRecords, viewBatch } from './record-batch-reader.ts';
import { readMarker } from './record-batch-reader.ts';

const identity = { producerId: 9n, producerEpoch: 0, baseSequence: 0, isTransactional: true };

test('all records of a batch have the time at which the broker appended it, when it says so', () => {
  const written = [5, 7].map((timestampMs) => ({
    key: null,
    value: Buffer.from('v'),
    headers: [],
    timestampMs,
  }));
  const batch = encodeRecordBatch(written, { ...identity, timestampMs: 1 });
  batch.writeInt16BE(logAppendTimeBit, batchField.attributes);
  batch.writeBigInt64BE(1_234n, batchField.maxTimestamp);
  batch.writeUInt32BE(crc32c(batch.subarray(batchField.attributes)), batchField.crc);
  const records: FetchedRecord[] = [];
  readBatchRecords(batch, viewBatch(batch, 0)!, { offsetFrom: 0, records });
  assert.deepEqual(
    records.map(({ timestampMs }) => timestampMs),
    [1_234, 1_234],
  );
});

test('offsets beyond 32 bits are read', () => {
  const written = [{ key: null, value: null, headers: [] }];
  const batch = encodeRecordBatch(written, { ...identity, timestampMs: 1 });
  const view = viewBatch(withBaseOffset(batch, 2 ** 40 + 3), 0);
  assert.equal(view?.baseOffset, 2 ** 40 + 3);
  assert.equal(view?.producerId, 9);
});

test('a marker tells how its transaction ended', () => {
  for (const outcome of ['abort', 'commit'] as const) {
    const batch = markerBatch({ producerId: 9, outcome });
    assert.equal(readMarker(batch, viewBatch(batch, 0)!), outcome);
  }
});

test('an older message format is corrupt', () => {
  const batch = encodeRecordBatch([{ key: null, value: null, headers: [] }], {
    ...identity,
    timestampMs: 1,
  });
  batch[batchField.magic] = 1;
  assert.throws(() => viewBatch(batch, 0), { code: 'corrupt' });
});

test('an unknown compression is corrupt', () => {
  const batch = encodeRecordBatch([{ key: null, value: null, headers: [] }], {
    ...identity,
    timestampMs: 1,
  });
  const view = { ...viewBatch(batch, 0)!, attributes: 7 };
  assert.throws(() => readBatchRecords(batch, view, { offsetFrom: 0, records: [] }), {
    code: 'corrupt',
  });
});
