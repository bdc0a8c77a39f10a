import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AskOutcome, EntityOwner, ShardMap } from '@chat-cluster/engine';
import { LateOwner } from './late-owner.ts';

const map: ShardMap = { generationId: 1, members: [], owners: [-1, -1] };
const question = {
  entityId: 'e',
  question: new Uint8Array(),
  isCurrent: false,
  including: undefined,
};
const { signal } = new AbortController();

/** A worker that has had its first assignment, and answers everything with the same refusal. */
class Worker implements EntityOwner {
  readonly entityType = 'thing';
  readonly shardCount = 2;
  readonly left = Promise.resolve();
  readonly tell: ((map: ShardMap) => void)[] = [];
  map = (): ShardMap => map;
  onMap = (callback: (map: ShardMap) => void): (() => void) => {
    this.tell.push(callback);
    return () => undefined;
  };
  isMember = (memberId: string): boolean => memberId === 'me';
  ask = async (): Promise<AskOutcome> => ({
    kind: 'refused',
    code: 'overloaded',
    reason: 'Too much.',
  });
  retiredParts = (): never[] => [];
  watch = async () => ({ kind: 'too-slow' }) as const;
}

test('before the worker is there, nothing is owned and nobody lives here', async () => {
  const owner = new LateOwner('thing');
  assert.equal(owner.isMember('me'), false);
  assert.equal(owner.map(), undefined);
  const notOwner = { kind: 'not-owner', map: undefined };
  assert.deepEqual(await owner.ask(question, signal), notOwner);
  assert.deepEqual(
    await owner.watch({ entityId: 'e', seqFrom: 0 }, () => undefined, signal),
    notOwner,
  );
});

test('then it is the worker, and who asked for maps gets the ones that it has and those to come', async () => {
  const owner = new LateOwner('thing');
  const seen: number[] = [];
  const forget = owner.onMap(({ generationId }) => seen.push(generationId));
  const worker = new Worker();
  owner.became(worker);
  assert.deepEqual(seen, [1]);
  for (const tell of worker.tell) tell({ ...map, generationId: 2 });
  forget();
  for (const tell of worker.tell) tell({ ...map, generationId: 3 });
  assert.deepEqual(seen, [1, 2]);
  assert.equal(owner.isMember('me'), true);
  assert.equal(owner.shardCount, 2);
  assert.equal((await owner.ask(question, signal)).kind, 'refused');
  assert.deepEqual(await owner.watch({ entityId: 'e', seqFrom: 0 }, () => undefined, signal), {
    kind: 'too-slow',
  });
});
