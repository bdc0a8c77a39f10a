import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalRow } from '@chat-cluster/journal';
import { decodeRow, encodeRows } from './row-codec.ts';

function rowOf(seq: number, event: string, topicId = 'topic'): JournalRow {
  return {
    entityId: 'a',
    seq,
    event: Buffer.from(event),
    timestampMs: -1,
    source: { topicId, partition: 2 ** 31 - 1, offset: Number.MAX_SAFE_INTEGER },
  };
}

test('rows of several topics come back as they were encoded', () => {
  const rows = [rowOf(0, '{}'), rowOf(1, '', ''), rowOf(2, '{"a":1}', 'ünï'), rowOf(3, '{}')];
  const values = encodeRows(rows);
  const decoded = rows.map((row, index) => decodeRow(row, values[index] ?? new Uint8Array(0)));
  assert.deepEqual(decoded, rows);
});

test('a batch is one block of memory', () => {
  const values = encodeRows([rowOf(0, '{"a":1}'), rowOf(1, '{"b":2}')]);
  assert.equal(values[0]?.buffer, values[1]?.buffer);
  const sizeBytes = values.reduce((sum, value) => sum + value.length, 0);
  assert.equal(values[0]?.buffer.byteLength, sizeBytes);
});

test('a value that is cut is corrupt, wherever it is cut', () => {
  const [value] = encodeRows([rowOf(7, '', 'topic')]);
  assert.ok(value);
  for (let sizeBytes = 0; sizeBytes < value.length; sizeBytes += 1) {
    assert.throws(() => decodeRow({ entityId: 'a', seq: 7 }, value.subarray(0, sizeBytes)), {
      name: 'JournalError',
      code: 'corrupt',
    });
  }
});

test('a topic id above 255 bytes is a failed assertion', () => {
  assert.throws(() => encodeRows([rowOf(0, '{}', 'x'.repeat(256))]), { name: 'AssertionFailure' });
});
