import assert from 'node:assert/strict';
import { test } from 'node:test';
import { types } from 'cassandra-driver';
import type { JournalRow } from '@chat-cluster/journal';
import { decodeRow, RowEncoder } from './row-codec.ts';

const row: JournalRow = {
  entityId: 'ünï',
  seq: 2_345,
  event: Buffer.from('{"body":"é"}'),
  timestampMs: -1,
  source: { topicId: 'töpic', partition: 7, offset: 2 ** 40 },
};

test('the values of a row are the bytes of its columns, in the order of the insert', () => {
  const [entityType, entityId, bucket, seq, event, time, source] = new RowEncoder('type').encode(
    row,
  );
  assert.equal(entityType?.toString(), 'type');
  assert.equal(entityId?.toString(), 'ünï');
  assert.equal(bucket?.readInt32BE(0), 2);
  assert.equal(seq?.readBigInt64BE(0), 2_345n);
  assert.equal(event, row.event);
  assert.equal(time?.readBigInt64BE(0), -1n);
  const topicIdBytes = Buffer.from('töpic');
  assert.equal(source?.readInt32BE(0), topicIdBytes.length);
  assert.deepEqual(source?.subarray(4, 4 + topicIdBytes.length), topicIdBytes);
  const rest = source?.subarray(4 + topicIdBytes.length);
  assert.deepEqual([rest?.readInt32BE(0), rest?.readInt32BE(4)], [4, 7]);
  assert.deepEqual([rest?.readInt32BE(8), rest?.readBigInt64BE(12)], [8, BigInt(2 ** 40)]);
  assert.equal(rest?.length, 20);
});

test('an event that is no Buffer is passed on without a copy', () => {
  const event = new Uint8Array(new ArrayBuffer(10), 3, 4).fill(0x20);
  const passed = new RowEncoder('type').encode({ ...row, event })[4];
  assert.ok(Buffer.isBuffer(passed));
  assert.equal(passed.buffer, event.buffer);
  assert.deepEqual([...passed], [...event]);
});

test('rows of several topics get each their own source', () => {
  const encoder = new RowEncoder('type');
  const topicIds = ['a', 'bb', 'a'];
  const sources = topicIds.map((topicId) => {
    return encoder.encode({ ...row, source: { ...row.source, topicId } })[6];
  });
  assert.deepEqual(
    sources.map((source) => source?.toString('utf8', 4, 4 + source.readInt32BE(0))),
    topicIds,
  );
});

test('a stored row becomes a row', () => {
  const decoded = decodeRow({
    entity_id: 'ünï',
    seq: 2_345n,
    event: '{"body":"é"}',
    time: new Date(-1),
    source: new types.Tuple('töpic', 7, BigInt(2 ** 40)),
  });
  assert.deepEqual(decoded, row);
});
