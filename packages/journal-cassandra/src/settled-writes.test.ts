import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JournalError } from '@chat-cluster/journal';
import { sleep } from '@chat-cluster/kernel';
import { FakeClient } from './fake-client.ts';
import type { NodeGenerations } from './node-generations.ts';
import { SettledWrites } from './settled-writes.ts';
import type { Probed } from './sync-probe.ts';

const SETTLE_MS = 400;

/** A write, where the nodes have these generations each time they are asked; the last ones stay. Answers what was done. */
async function stepsOf(
  generations: readonly Readonly<Record<string, number | undefined>>[],
  options: { settleMs?: number; write?: () => Promise<void>; probed?: Probed } = {},
): Promise<readonly string[]> {
  const fake = new FakeClient();
  const left = generations.map((nodes): NodeGenerations => new Map(Object.entries(nodes)));
  const steps: string[] = [];
  let writtenMs = 0;
  const writes = new SettledWrites({
    readGenerations: async () => {
      steps.push('ask');
      const [first] = left;
      assert.ok(first);
      if (left.length > 1) left.shift();
      return first;
    },
    probe: async () => {
      const waitedMs = fake.timers.clock.monotonicMs() - writtenMs;
      steps.push(steps.includes('write') && waitedMs < SETTLE_MS ? 'probed too early' : 'probe');
      return options.probed ?? 'all';
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

const once = ['ask', 'write', 'probe', 'ask'];
const twice = [...once, 'write', 'probe', 'ask'];

test('a write counts when no node has ended until it is synced', async () => {
  assert.deepEqual(await stepsOf([{ a: 1, b: 7 }]), once);
});

const probed = 'some are away';

test('when a node has started anew, or is gone, everything is written again', async () => {
  assert.deepEqual(await stepsOf([{ a: 1 }, { a: 2 }]), twice);
  const isGone = [
    { a: 1, b: 7 },
    { a: 1, b: undefined },
  ];
  assert.deepEqual(await stepsOf(isGone, { probed }), twice);
  assert.deepEqual(await stepsOf([{ a: 1, b: 7 }, { a: 1 }]), twice);
});

test('a node that comes back may have taken the write: it is written again', async () => {
  const isAway = { a: 1, b: undefined };
  const isBack = [isAway, isAway, { a: 1, b: 8 }];
  assert.deepEqual(await stepsOf(isBack, { probed }), ['ask', 'probe', ...twice]);
  assert.deepEqual(await stepsOf([{ a: 1 }, { a: 1, b: 1 }]), twice);
  const isAnother = [isAway, isAway, { a: 1, c: undefined }];
  assert.deepEqual(await stepsOf(isAnother, { probed }), ['ask', 'probe', ...twice]);
});

test('a node that stays away delays nothing', async () => {
  const steps = await stepsOf([{ a: 1, b: undefined }], { probed });
  assert.deepEqual(steps, ['ask', 'probe', 'ask', 'write', 'probe', 'ask']);
});

test('a node that only does not answer is asked again: nobody knows whether it has ended', async () => {
  const isSlow = [
    { a: 1, b: 7 },
    { a: 1, b: undefined },
    { a: 1, b: undefined },
    { a: 1, b: 7 },
  ];
  assert.deepEqual(await stepsOf(isSlow), [...once, 'probe', 'ask', 'probe', 'ask']);
  const steps = await stepsOf([
    { a: 1, b: 7 },
    { a: 1, b: undefined },
  ]);
  assert.equal(steps.at(-1), 'unavailable');
  assert.equal(steps.filter((step) => step === 'write').length, 1);
});

test('of writes that settle at the same time two write, the others wait', async () => {
  const fake = new FakeClient();
  let running = 0;
  let runningMax = 0;
  const writes = new SettledWrites({
    readGenerations: async () => new Map(),
    probe: async () => 'all',
    timers: fake.timers,
    settleMs: SETTLE_MS,
  });
  const write = async (): Promise<void> => {
    running += 1;
    runningMax = Math.max(runningMax, running);
    await sleep(fake.timers, 50);
    running -= 1;
  };
  await fake.settle(Promise.all(Array.from({ length: 6 }, () => writes.settle(write))));
  assert.equal(runningMax, 2);
});

test('nodes that keep ending are told of', async () => {
  const generations = [1, 2, 3, 4, 5].map((a) => ({ a }));
  assert.deepEqual(await stepsOf(generations), [...twice, 'write', 'probe', 'ask', 'unavailable']);
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
