import assert from 'node:assert/strict';
import { test } from 'node:test';
import { types } from 'cassandra-driver';
import type { JournalRow } from '@chat-cluster/journal';
import { decodeRun, RunEncoder } from './run-codec.ts';

const row: JournalRow = {
  entityId: 'ünï',
  seq: 2_345,
  event: Buffer.from('{"body":"é"}'),
  timestampMs: -1,
  source: { topicId: 'töpic', partition: 7, offset: 2 ** 40 },
};

const next: JournalRow = {
  ...row,
  seq: 2_346,
  event: Buffer.from('{}'),
  timestampMs: 2 ** 52,
  source: { ...row.source, offset: 2 ** 40 + 3 },
};

test('the values of a run are the bytes of its columns, in the order of the insert', () => {
  const [entityType, entityId, bucket, seq, events, times, source, offsets, timestamp] =
    new RunEncoder('type').encode([row, next]);
  assert.equal(entityType?.toString(), 'type');
  assert.equal(entityId?.toString(), 'ünï');
  assert.equal(bucket?.readInt32BE(0), 2);
  assert.equal(seq?.readBigInt64BE(0), 2_346n, 'the last one of the run');
  assert.deepEqual(listOf(events).map(String), ['{"body":"é"}', '{}']);
  assert.deepEqual(listOf(times).map(toInt64), [-1n, BigInt(2 ** 52)]);
  assert.deepEqual(listOf(offsets).map(toInt64), [BigInt(2 ** 40), BigInt(2 ** 40 + 3)]);
  assert.equal(timestamp?.readBigInt64BE(0), 2n);
  const topicIdBytes = Buffer.from('töpic');
  assert.equal(source?.readInt32BE(0), topicIdBytes.length);
  assert.deepEqual(source?.subarray(4, 4 + topicIdBytes.length), topicIdBytes);
  const rest = source?.subarray(4 + topicIdBytes.length);
  assert.deepEqual([rest?.readInt32BE(0), rest?.readInt32BE(4), rest?.length], [4, 7, 8]);
});

test('runs of several topics get each their own source', () => {
  const encoder = new RunEncoder('type');
  const topicIds = ['a', 'bb', 'a'];
  const sources = topicIds.map((topicId) => {
    return encoder.encode([{ ...row, source: { ...row.source, topicId } }])[6];
  });
  assert.deepEqual(
    sources.map((source) => source?.toString('utf8', 4, 4 + source.readInt32BE(0))),
    topicIds,
  );
});

test('a stored run becomes its events', () => {
  const decoded = decodeRun({
    entity_id: 'ünï',
    seq: 2_346n,
    events: ['{"body":"é"}', '{}'],
    times: [-1n, BigInt(2 ** 52)],
    source: new types.Tuple('töpic', 7),
    offsets: [BigInt(2 ** 40), BigInt(2 ** 40 + 3)],
  });
  assert.deepEqual(decoded, [row, next]);
});

/** The values of a list, each behind its length. */
function listOf(value: Buffer | undefined): readonly Buffer[] {
  assert.ok(value);
  const values: Buffer[] = [];
  let position = 4;
  while (position < value.length) {
    const end = position + 4 + value.readInt32BE(position);
    values.push(value.subarray(position + 4, end));
    position = end;
  }
  assert.equal(values.length, value.readInt32BE(0));
  return values;
}

function toInt64(value: Buffer): bigint {
  assert.equal(value.length, 8);
  return value.readBigInt64BE(0);
}
