import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JournalError } from '@chat-cluster/journal';
import { FakeClient } from './fake-client.ts';
import type { NodeGenerations } from './node-generations.ts';
import { SettledWrites } from './settled-writes.ts';

const SETTLE_MS = 400;

/** A write, where the nodes have these generations each time they are asked; the last ones stay. Answers what was done. */
async function stepsOf(
  generations: readonly Readonly<Record<string, number | undefined>>[],
  options: { settleMs?: number; write?: () => Promise<void> } = {},
): Promise<readonly string[]> {
  const fake = new FakeClient();
  const left = generations.map((nodes): NodeGenerations => new Map(Object.entries(nodes)));
  const steps: string[] = [];
  let writtenMs = 0;
  const writes = new SettledWrites({
    readGenerations: async () => {
      const waitedMs = fake.timers.clock.monotonicMs() - writtenMs;
      steps.push(steps.includes('write') && waitedMs < SETTLE_MS ? 'asked too early' : 'ask');
      const [first] = left;
      assert.ok(first);
      if (left.length > 1) left.shift();
      return first;
    },
    timers: fake.timers,
    settleMs: options.settleMs ?? SETTLE_MS,
  });
  const write = async (): Promise<void> => {
    steps.push('write');
    await options.write?.();
    writtenMs = fake.timers.clock.monotonicMs();
  };
  await fake.settle(writes.settle(write)).catch((error: unknown) => {
    steps.push(error instanceof JournalError ? error.code : String(error));
  });
  return steps;
}

const once = ['ask', 'write', 'ask'];
const twice = [...once, 'write', 'ask'];

test('a write counts when no node has ended until it is synced', async () => {
  assert.deepEqual(await stepsOf([{ a: 1, b: 7 }]), once);
});

test('when a node has started anew, or is gone, everything is written again', async () => {
  assert.deepEqual(await stepsOf([{ a: 1 }, { a: 2 }]), twice);
  assert.deepEqual(
    await stepsOf([
      { a: 1, b: 7 },
      { a: 1, b: undefined },
    ]),
    twice,
  );
});

test('a node that comes back may have taken the write: it is written again', async () => {
  assert.deepEqual(
    await stepsOf([
      { a: 1, b: undefined },
      { a: 1, b: 8 },
    ]),
    twice,
  );
  assert.deepEqual(await stepsOf([{ a: 1 }, { a: 1, b: 1 }]), twice);
  assert.deepEqual(
    await stepsOf([
      { a: 1, b: undefined },
      { a: 1, c: undefined },
    ]),
    twice,
  );
});

test('a node that stays away delays nothing', async () => {
  assert.deepEqual(await stepsOf([{ a: 1, b: undefined }]), once);
});

test('nodes that keep ending are told of', async () => {
  const generations = [1, 2, 3, 4, 5].map((a) => ({ a }));
  assert.deepEqual(await stepsOf(generations), [...twice, 'write', 'ask', 'unavailable']);
});

test('a write that fails is not waited for', async () => {
  const write = async (): Promise<void> => {
    throw new JournalError('too-large', 'planted');
  };
  assert.deepEqual(await stepsOf([{ a: 1 }], { write }), ['ask', 'write', 'too-large']);
});

test('where a write is acknowledged after it is on the disk, nobody is asked', async () => {
  assert.deepEqual(await stepsOf([{ a: 1 }], { settleMs: 0 }), ['write']);
});
