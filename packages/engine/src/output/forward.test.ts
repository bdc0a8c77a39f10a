import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchedRecord } from '@chat-cluster/log';
import { headerText } from './event-record.ts';
import { forwarded, originalTimeMs, originOf, wasForwarded } from './forward.ts';

const from = { topic: 'in', topicId: 'id', partition: 4 };
const record: FetchedRecord = {
  offset: 9,
  timestampMs: 1_234,
  key: Buffer.from('wrong'),
  value: Buffer.from('value'),
  headers: [{ key: 'mine', value: Buffer.from('kept') }],
};

/** The copy as it is fetched at its home, later. */
function arrived(): FetchedRecord {
  const copy = forwarded(record, from, Buffer.from('right'));
  const headers = copy.headers.map(({ key, value }) => ({ key, value: Buffer.from(value) }));
  return { ...copy, headers, offset: 77, timestampMs: 5_678 };
}

test('a forwarded record keeps its value, headers, origin and time, and gets the key of its entity', () => {
  const copy = arrived();
  assert.deepEqual([copy.key?.toString(), copy.value], ['right', record.value]);
  assert.equal(headerText(copy.headers, 'mine'), 'kept');
  assert.equal(headerText(copy.headers, 'fw-from'), 'in/id/4/9');
  assert.equal(originalTimeMs(copy), 1_234);
  assert.ok(wasForwarded(copy));
});

test('a record that was not forwarded has its own time', () => {
  assert.equal(originalTimeMs(record), 1_234);
  assert.ok(!wasForwarded(record));
  const headers = [{ key: 'fw-time', value: Buffer.from('soon') }];
  assert.equal(originalTimeMs({ ...record, headers }), 1_234);
});

test('an origin that no worker has written is none', () => {
  assert.deepEqual(originOf(arrived()), { topic: 'in', partition: 4, offset: 9 });
  for (const forged of [
    'a/b/c/d',
    'a/b/1',
    'a/b/-1/2',
    'a/b/1/2.5',
    'a/b/1/9007199254740992',
    '',
  ]) {
    const headers = [{ key: 'fw-from', value: Buffer.from(forged) }];
    assert.equal(originOf({ headers }), undefined, forged);
  }
});
