import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENT_BYTES_MAX } from '@chat-cluster/journal';
import { AssertionFailure } from '@chat-cluster/kernel';
import { defaultEngineLimits, engineLimits, PARTITION_BATCH_BYTES_MIN } from './engine-limits.ts';

test('the defaults hold, and a change changes one of them', () => {
  assert.deepEqual(engineLimits(), defaultEngineLimits);
  assert.equal(engineLimits({ retryRecordsMax: 7 }).retryRecordsMax, 7);
});

test('limits that cannot be kept are refused', () => {
  for (const changes of [
    { decidedBytesMax: 0 },
    { journalConcurrency: -1 },
    { entityIdleMs: Number.NaN },
    { partitionBatchBytesMax: PARTITION_BATCH_BYTES_MIN - 1 },
    { partitionBatchBytesMax: EVENT_BYTES_MAX + 1 },
  ]) {
    assert.throws(() => engineLimits(changes), AssertionFailure);
  }
});
