import assert from 'node:assert/strict';
import { test } from 'node:test';
import { membersAnswer } from './members-answer.ts';
import { plantedMap, plantedWorker } from './planted-workers.ts';

test('every member has its endpoint, its id, how many shards it owns, and whether it is this node', () => {
  assert.deepEqual(membersAnswer([plantedWorker()]), {
    generationId: 7,
    members: [
      {
        name: 'a',
        endpoint: '127.0.0.1:2551',
        memberId: 'member-a',
        numShards: 2,
        isThisNode: true,
      },
      {
        name: 'b',
        endpoint: '127.0.0.1:2552',
        memberId: 'member-b',
        numShards: 1,
        isThisNode: false,
      },
    ],
  });
});

test('of what its workers know the youngest generation counts', () => {
  const younger = { ...plantedMap, generationId: 8, owners: [1, 1, 1, 1] };
  const workers = [
    plantedWorker(),
    plantedWorker({ name: 'b', map: younger }),
    plantedWorker({ name: 'c', map: undefined }),
  ];
  const { generationId, members } = membersAnswer(workers);
  assert.equal(generationId, 8);
  assert.deepEqual(
    members.map(({ numShards, isThisNode }) => [numShards, isThisNode]),
    [
      [0, true],
      [4, true],
    ],
  );
});

test('before the first assignment there are none', () => {
  const workers = [plantedWorker({ map: undefined })];
  assert.deepEqual(membersAnswer(workers), { generationId: null, members: [] });
});
