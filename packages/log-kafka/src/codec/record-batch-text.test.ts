import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchedRecord } from '@chat-cluster/log';
import { encodeRecordBatch } from './record-batch-encoder.ts';
import { readBatchRecords, viewBatch } from './record-batch-reader.ts';

const identity = {
  producerId: 1n,
  producerEpoch: 0,
  baseSequence: 0,
  isTransactional: false,
  timestampMs: 1_000,
};

test('a header given as text is written as its UTF-8, short or long, ASCII or not', () => {
  const texts = ['', '42', 'naïve – 漢字', 'x'.repeat(500), '\u0080'];
  const headers = texts.map((value, index) => ({ key: `h${index}`, value }));
  const bytes = encodeRecordBatch([{ key: null, value: null, headers }], identity);
  const batch = viewBatch(bytes, 0);
  assert.ok(batch);
  const records: FetchedRecord[] = [];
  readBatchRecords(bytes, batch, { offsetFrom: 0, records });
  assert.deepEqual(
    records[0]?.headers.map(({ value }) => Buffer.from(value).toString()),
    texts,
  );
});
