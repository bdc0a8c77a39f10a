import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClient, type SentRequest } from './fake-client.ts';
import { pinPartitionCount, placeShard, readShards } from './shards.ts';

const PLACED = {
  shard: 3,
  event_topic_id: 'events-1',
  input_topic_ids: { 'in-1': 'in' },
  position_offset: 8n,
  event_number: 4n,
};

/** Cassandra with these rows of shards, whatever is asked for. */
function withRows(...rows: readonly object[]): FakeClient {
  return new FakeClient(() => ({ rows }));
}

function access(fake: FakeClient) {
  const { session, settledAtOnce: settled, timers } = fake;
  return { session, settled, clock: timers.clock };
}

function writesOf(fake: FakeClient): SentRequest['statements'] {
  return fake.sent
    .flatMap(({ statements }) => statements)
    .filter(({ query }) => !query.startsWith('SELECT'));
}

function timestampOf({ params }: { readonly params: readonly unknown[] }): number {
  return Number((params[0] as Buffer).readBigInt64BE(0));
}

test('the count that is pinned is the one that is read back: somebody else may have been first', async () => {
  const counts = [{ partition_count: null }, undefined, { partition_count: 6 }];
  const fake = new FakeClient((_, number) => ({ rows: [counts[number - 1]].filter(Boolean) }));
  assert.equal(await fake.settle(pinPartitionCount(access(fake), 'type', 12)), 6);
  assert.equal(writesOf(fake).length, 1);
});

test('a count that is there is not written again', async () => {
  const fake = withRows({ partition_count: 6 });
  assert.equal(await fake.settle(pinPartitionCount(access(fake), 'type', 12)), 6);
  assert.deepEqual(writesOf(fake), []);
});

test('what is written first wins: timestamps fall as time goes on', async () => {
  const timestamps: number[] = [];
  for (const passedMs of [0, 1_000]) {
    const fake = withRows({ ...PLACED, event_topic_id: null });
    fake.timers.advance(passedMs);
    const shard = { shard: 3, eventTopicId: 'events-1', inputTopicIds: { 'in-1': 'in' } };
    await fake.settle(placeShard(access(fake), 'type', shard));
    timestamps.push(timestampOf(writesOf(fake)[0]!));
  }
  assert.equal(timestamps[0]! - timestamps[1]!, 1_000);
});

test('placing again keeps the event topic, and adds only the input topics that are new', async () => {
  const fake = withRows(PLACED);
  const inputTopicIds = { 'in-1': 'in', 'in-2': 'in' };
  const shard = { shard: 3, eventTopicId: 'events-2', inputTopicIds };
  await fake.settle(placeShard(access(fake), 'type', shard));
  assert.deepEqual(writesOf(fake)[0]?.params.slice(1, 3), ['events-1', { 'in-2': 'in' }]);
});

test('a row that has only a position is no placed shard', async () => {
  const late = { ...PLACED, shard: 4, event_topic_id: null, input_topic_ids: null };
  const fake = withRows(late, PLACED);
  const [first, second] = await fake.settle(readShards(fake.session, 'type', [3, 4]));
  assert.deepEqual(first?.position, { offset: 8, eventNumber: 4 });
  assert.equal(second, undefined);
});
