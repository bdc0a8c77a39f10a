import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userEvents, type UserPurchase } from '@chat-cluster/contract/purchases';
import { ManualClock, ManualTimers, seededRandom } from '@chat-cluster/kernel';
import { homePartition, type Producer } from '@chat-cluster/log';
import { type Sending, sendPurchases } from './send-purchases.ts';

type Sent = { readonly atMs: number; readonly partition: number; readonly purchase: UserPurchase };

/** A producer whose sends take some time, on a clock that runs as fast as it is asked. */
function world(changes: Partial<Sending> & { readonly sendMs?: number }) {
  const clock = new ManualClock();
  const timers = new ManualTimers(clock);
  const sent: Sent[] = [];
  const producer: Producer = {
    send: async ({ partition }, records) => {
      for (const { key, value } of records) {
        const decoded = userEvents.decode(value);
        assert.ok(decoded.ok && Buffer.from(key ?? []).toString() === decoded.value.userId);
        sent.push({ atMs: clock.monotonicMs(), partition, purchase: decoded.value });
      }
      await new Promise<void>((resolve) => timers.after(changes.sendMs ?? 1, resolve));
      return 0;
    },
    close: () => Promise.resolve(),
  };
  const stopped = new AbortController();
  const sending: Sending = {
    producer,
    partitionCount: 128,
    rate: 10,
    count: undefined,
    random: seededRandom(7),
    clock,
    timers,
    signal: stopped.signal,
    ...changes,
  };
  return { clock, timers, sent, stopped, sending };
}

async function run(timers: ManualTimers, running: Promise<number>): Promise<number> {
  const progress = { isDone: false };
  const done = running.finally(() => (progress.isDone = true));
  while (!progress.isDone) {
    await new Promise(setImmediate);
    timers.advance(timers.nextDueInMs() ?? 0);
  }
  return done;
}

test('purchases are sent evenly, each to the home of its user', async () => {
  const { timers, sent, sending } = world({ count: 30 });
  assert.equal(await run(timers, sendPurchases(sending)), 30);
  const startMs = sent[0]!.atMs;
  for (const [index, { atMs, partition, purchase }] of sent.entries()) {
    const dueMs = index * 100;
    assert.ok(
      atMs - startMs >= dueMs && atMs - startMs <= dueMs + 25,
      `${index}: ${atMs - startMs}`,
    );
    assert.equal(partition, homePartition(Buffer.from(purchase.userId), 128));
  }
});

test('a fast producer keeps its rate in rounds, also when the log is slow', async () => {
  for (const sendMs of [1, 50]) {
    const { timers, sent, sending, clock } = world({ rate: 1_000, count: 2_000, sendMs });
    const startMs = clock.monotonicMs();
    assert.equal(await run(timers, sendPurchases(sending)), 2_000);
    assert.equal(sent.length, 2_000);
    const tookMs = clock.monotonicMs() - startMs;
    assert.ok(tookMs >= 1_900 && tookMs <= 2_150, `${tookMs} ms with ${sendMs} ms a send`);
  }
});

test('it ends soon after the signal with what was sent', async () => {
  const { timers, sent, stopped, sending } = world({
    onSend: () => {
      if (sent.length === 4) stopped.abort();
    },
  });
  const count = await run(timers, sendPurchases(sending));
  assert.deepEqual([count, sent.length], [5, 5]);
});

test('who buys what is within what the issue of purchases allows', async () => {
  const users = new Set<string>();
  const { timers, sent, sending } = world({ rate: 100_000, count: 5_000 });
  const told: string[] = [];
  await run(timers, sendPurchases({ ...sending, onSend: (userId) => told.push(userId) }));
  for (const { purchase } of sent) users.add(purchase.userId);
  assert.deepEqual(
    [...users].map(Number).toSorted((a, b) => a - b),
    Array.from({ length: 100 }, (_, user) => user),
  );
  assert.equal(told.length, 5_000);
});
