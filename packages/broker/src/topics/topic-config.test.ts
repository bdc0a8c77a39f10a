import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configEntries } from './config-entries.ts';
import { refuseTopicOverrides, TOPIC_CONFIGS, topicLimits } from './topic-config.ts';

test('every default is allowed, and no name is defined twice', () => {
  const defaults = TOPIC_CONFIGS.map(({ name, defaultValue }) => [name, defaultValue] as const);
  assert.equal(refuseTopicOverrides(Object.fromEntries(defaults)), null);
  assert.equal(new Map(defaults).size, TOPIC_CONFIGS.length);
});

test('values of the wrong type, outside the range, or unknown are refused by name', () => {
  for (const [name, value, reason] of [
    ['retention.ms', 'soon', /retention.ms: it must be a whole number/],
    ['retention.ms', '-2', /at least -1/],
    ['max.message.bytes', '2147483648', /at most 2147483647/],
    ['preallocate', 'perhaps', /true or false/],
    ['cleanup.policy', 'delete,burn', /a list of delete, compact/],
    ['message.timestamp.type', 'Never', /one of CreateTime, LogAppendTime/],
    ['min.cleanable.dirty.ratio', '', /a number/],
    ['min.cleanable.dirty.ratio', '1.1', /at most 1/],
    ['min.cleanable.dirty.ratio', '-0.1', /at least 0/],
    ['max.compaction.lag.ms', '0', /at least 1/],
    ['delete.retention.ms', '-1', /at least 0/],
    ['no.such.config', '1', /Unknown topic config name: no.such.config/],
  ] as const) {
    assert.match(refuseTopicOverrides({ [name]: value }) ?? '', reason);
  }
});

test('a record cannot have to wait longer for its compaction than it may', () => {
  const overrides = { 'min.compaction.lag.ms': '11', 'max.compaction.lag.ms': '10' };
  assert.equal(
    refuseTopicOverrides(overrides),
    'conflict topic config setting min.compaction.lag.ms (11) > max.compaction.lag.ms (10)',
  );
  assert.equal(refuseTopicOverrides({ ...overrides, 'min.compaction.lag.ms': '10' }), null);
});

test('the active segment of a compacted topic is closed in time to be compacted', () => {
  const overrides = { 'segment.ms': '500', 'max.compaction.lag.ms': '100' };
  assert.equal(topicLimits(overrides).segmentMs, 500);
  assert.equal(topicLimits({ ...overrides, 'cleanup.policy': 'compact' }).segmentMs, 100);
});

test('limits follow the overrides, and have the default otherwise', () => {
  const limits = topicLimits({ 'segment.bytes': '5000', 'cleanup.policy': 'compact' });
  assert.equal(limits.segmentBytesMax, 5000);
  assert.equal(limits.isDeleted, false);
  assert.equal(limits.retentionMs, 604_800_000);
  assert.equal(topicLimits({ 'cleanup.policy': 'compact,delete' }).isDeleted, true);
});

test('all configurations are listed, with where each value comes from', () => {
  const entries = configEntries({ 'retention.ms': '1' });
  assert.equal(entries.length, TOPIC_CONFIGS.length);
  const sources = entries.filter((entry) => entry.configSource === 1);
  assert.deepEqual(
    sources.map(({ name, value }) => [name, value]),
    [['retention.ms', '1']],
  );
});
