import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ShardRow } from '@chat-cluster/journal';
import type { CommittedOffset } from '@chat-cluster/log';
import { encodeCommittedMetadata } from './committed-metadata.ts';
import { ShardStoppedError, type ShardStoppedCode } from './shard-stopped-error.ts';
import { startPositions } from './start-positions.ts';

const where = { groupId: 'g', partition: 3 };
const topicId = 'id-now';

const listed: ShardRow = {
  shard: 3,
  eventTopicId: 'e',
  inputTopicIds: { [topicId]: 'in' },
  position: { offset: 0, eventNumber: 0 },
};
const notListed: ShardRow = { ...listed, inputTopicIds: { 'id-before': 'in' } };

const ours = committedOf({ topicId, eventNumber: 7 });
const oursOfAnotherId = committedOf({ topicId: 'id-before', eventNumber: 7 });
const notOurs: CommittedOffset = { offset: 42, metadata: '' };

function committedOf(metadata: { topicId: string; eventNumber: number }): CommittedOffset {
  return { offset: 42, metadata: encodeCommittedMetadata(metadata) };
}

/** What comes of one input: where it goes on, 'fresh', or why the shard stops. */
function outcomeOf(committed: CommittedOffset | undefined, row: ShardRow | undefined) {
  try {
    const start = startPositions(where, [{ topic: 'in', topicId, committed }], row);
    return start.fresh.includes('in') ? 'fresh' : start.positions.get('in');
  } catch (error) {
    assert.ok(error instanceof ShardStoppedError);
    return error.code;
  }
}

describe('where an input goes on', () => {
  const table: [
    name: string,
    committed: CommittedOffset | undefined,
    whenListed: number | ShardStoppedCode,
    whenNotListed: number | 'fresh' | ShardStoppedCode,
  ][] = [
    ['an offset of ours, of this topic id', ours, 42, 42],
    ['an offset of ours, of another topic id', oursOfAnotherId, 'offsets-reset', 'fresh'],
    ['an offset that is not ours', notOurs, 'offsets-reset', 'foreign-offsets'],
    ['no offset', undefined, 'offsets-reset', 'fresh'],
  ];
  for (const [name, committed, whenListed, whenNotListed] of table) {
    test(`${name}, the topic listed: ${whenListed}`, () => {
      assert.equal(outcomeOf(committed, listed), whenListed);
    });
    test(`${name}, the topic not listed: ${whenNotListed}`, () => {
      assert.equal(outcomeOf(committed, notListed), whenNotListed);
    });
  }
});

test('a shard without a row begins anew when nothing was ever committed for it', () => {
  assert.equal(outcomeOf(undefined, undefined), 'fresh');
  assert.equal(outcomeOf(committedOf({ topicId, eventNumber: 0 }), undefined), 42);
});

test('a shard that has committed events and has no row has lost its journal', () => {
  assert.equal(outcomeOf(ours, undefined), 'journal-lost');
  assert.equal(outcomeOf(oursOfAnotherId, undefined), 'journal-lost');
});

test('the event number is the largest of all inputs: an input that stands still keeps an old one', () => {
  const inputs = [4, 9, 6].map((eventNumber, index) => ({
    topic: `in-${index}`,
    topicId,
    committed: committedOf({ topicId, eventNumber }),
  }));
  const start = startPositions(where, inputs, listed);
  assert.equal(start.eventNumber, 9);
  assert.deepEqual(
    [...start.positions],
    [
      ['in-0', 42],
      ['in-1', 42],
      ['in-2', 42],
    ],
  );
});

test('the events of a topic that was created anew count all the same, and there may have been more', () => {
  const input = { topic: 'in', topicId, committed: oursOfAnotherId };
  const start = startPositions(where, [input], notListed);
  assert.deepEqual([start.eventNumber, start.mayHaveMoreEvents], [7, true]);
});

test('an input that is new beside others leaves their event number as it is', () => {
  const inputs = [
    { topic: 'in', topicId, committed: ours },
    { topic: 'new', topicId: 'id-new', committed: undefined },
  ];
  const start = startPositions(where, inputs, listed);
  assert.deepEqual([start.eventNumber, start.mayHaveMoreEvents], [7, false]);
  assert.deepEqual(start.fresh, ['new']);
});

test('what a person reads names group, topic, partition and a command', () => {
  const input = { topic: 'in', topicId, committed: notOurs };
  assert.throws(() => startPositions(where, [input], listed), /g for in, partition 3.*kcat/);
  assert.throws(
    () => startPositions(where, [input], notListed),
    /kafka-consumer-groups --delete-offsets/,
  );
});
