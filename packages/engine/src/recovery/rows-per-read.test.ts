import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowsPerRead } from './rows-per-read.ts';

const rowsOf = (...sizes: readonly number[]) =>
  sizes.map((bytes) => ({ event: new Uint8Array(bytes) }));

test('few rows are asked for at first, more while they are small, and fewer at once when one is large', () => {
  const perRead = new RowsPerRead(100_000);
  const counts = [perRead.count];
  for (const rows of [rowsOf(10, 10), rowsOf(10), rowsOf(10), rowsOf(), rowsOf(10, 20_000)]) {
    perRead.saw(rows);
    counts.push(perRead.count);
  }
  assert.deepEqual(counts, [16, 32, 64, 64, 64, 5]);
  perRead.saw(rowsOf(1_000_000));
  assert.equal(perRead.count, 1);
  perRead.saw(rowsOf(10));
  assert.equal(perRead.count, 2);
});
