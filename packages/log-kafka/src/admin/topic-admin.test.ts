import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ManualTimers } from '@chat-cluster/kernel';
import { LogError } from '@chat-cluster/log';
import type { AdminParts } from './admin-parts.ts';
import type { OffsetLookup } from './offset-lookup.ts';
import { TopicAdmin } from './topic-admin.ts';

const TOPIC = { topic: 'in', partitionCount: 1, replicationFactor: 1, configs: {} };

/** Creates a topic whose leader answers questions after this time; resolves with when that is told, ms. */
async function createTopicUsableAfter(usableMs: number): Promise<number> {
  const timers = new ManualTimers();
  const { clock } = timers;
  const cluster = {
    ask: async () => ({ topics: [{ name: 'in', errorCode: 0 }] }),
    describe: async () => [{ topicId: 'id', leaders: [1] }],
  };
  const settings = { requestTimeoutMs: 10_000 };
  const context = { clock, timers, retryTimeoutMs: 10_000, settings };
  const offsets = {
    list: async () => {
      if (clock.monotonicMs() < usableMs) throw new LogError('unavailable', 'NOT_LEADER');
      return [0];
    },
  };
  const parts = { cluster, context } as unknown as AdminParts;
  const created = new TopicAdmin(parts, offsets as unknown as OffsetLookup).create([TOPIC]);
  const progress = { isSettled: false };
  const settled = created.finally(() => {
    progress.isSettled = true;
  });
  settled.catch(() => undefined);
  while (!progress.isSettled) {
    await setImmediate();
    timers.advance(100);
  }
  await settled;
  return clock.monotonicMs();
}

test('partitions whose leader takes long to know of them are waited for', async () => {
  assert.ok((await createTopicUsableAfter(45_000)) < 46_000);
});

test('partitions that cannot be used after a minute are an error', async () => {
  await assert.rejects(createTopicUsableAfter(90_000), { code: 'unavailable' });
});
