import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plantedShard, plantedWorker } from './planted-workers.ts';
import { allShardsAnswer, detailedShardsAnswer, shardsAnswer } from './shards-answer.ts';

const stopped = plantedShard(2, {
  phase: 'stopped',
  reason: 'The log is gone.',
  lag: 5,
  mayAnswer: false,
});
const workers = [
  plantedWorker({ shards: [plantedShard(0, { entityCount: 3 }), stopped] }),
  plantedWorker({ name: 'a-2', shards: [plantedShard(1)] }),
];

test('the shards of all workers of the node are listed in order, empty ones too', () => {
  assert.deepEqual(shardsAnswer(workers), {
    regions: [
      { shardId: '0', numEntities: 3 },
      { shardId: '1', numEntities: 0 },
      { shardId: '2', numEntities: 0 },
    ],
  });
});

test('in detail each has its state, why it does not run, its lag and backlog, and its worker', () => {
  const { regions } = detailedShardsAnswer(workers);
  assert.deepEqual(regions[2], {
    shardId: '2',
    numEntities: 0,
    phase: 'stopped',
    reason: 'The log is gone.',
    backlogCount: 0,
    lag: 5,
    mayAnswer: false,
    silence: undefined,
    worker: 'a',
  });
  assert.equal(regions[1]?.worker, 'a-2');
});

test('all shards of the cluster have their owners, and those without say so', () => {
  assert.deepEqual(allShardsAnswer(workers), {
    generationId: 7,
    regions: [
      { shardId: '0', owner: 'a', endpoint: '127.0.0.1:2551' },
      { shardId: '1', owner: 'b', endpoint: '127.0.0.1:2552' },
      { shardId: '2', owner: 'a', endpoint: '127.0.0.1:2551' },
      { shardId: '3', owner: null, endpoint: null },
    ],
  });
});

test('before the first assignment nothing is known, and a worker that is absent has no shards', () => {
  const absent = { kind: 'absent', name: 'a', reason: 'It has ended.' } as const;
  assert.deepEqual(allShardsAnswer([absent, plantedWorker({ map: undefined })]), {
    generationId: null,
    regions: [],
  });
  assert.deepEqual(shardsAnswer([absent]), { regions: [] });
});
