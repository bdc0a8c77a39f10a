import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness, type CounterEvent, type HarnessNode } from '../engine-harness.ts';
import type { WatchedEvent, WatchEnd } from '../routing/entity-owner.ts';

type Watching = {
  readonly events: WatchedEvent[];
  end?: WatchEnd;
  error?: unknown;
  readonly abort: () => void;
};

function watch(
  node: HarnessNode,
  options: {
    readonly entityId?: string;
    readonly seqFrom?: number;
    readonly onEvent?: (event: WatchedEvent) => Promise<void> | undefined;
  } = {},
): Watching {
  const { entityId = 'x', seqFrom = 0, onEvent } = options;
  const controller = new AbortController();
  const watching: Watching = {
    events: [],
    abort: () => controller.abort(new Error('enough')),
  };
  const take = (event: WatchedEvent): Promise<void> | undefined => {
    watching.events.push(event);
    return onEvent?.(event);
  };
  node
    .worker()
    .watch({ entityId, seqFrom }, take, controller.signal)
    .then(
      (end) => (watching.end = end),
      (error: unknown) => (watching.error = error),
    );
  return watching;
}

function added({ event }: WatchedEvent): number {
  return (JSON.parse(Buffer.from(event).toString()) as CounterEvent).added;
}

/** What was seen, and that each event says rightly what lies between it and the one before. */
function seen({ events }: Watching, seqFrom = 0): number[] {
  let seqNext = seqFrom;
  for (const { seq, skippedCount } of events) {
    assert.equal(seq, seqNext + skippedCount);
    seqNext = seq + 1;
  }
  return events.map(added);
}

async function play(options: ConstructorParameters<typeof EngineHarness>[0] = {}) {
  const harness = new EngineHarness({ partitionCount: 1, ...options });
  const node = await harness.startNode('a');
  await harness.until(() => node.worker().shards()[0]?.phase === 'running', 'a shard');
  return { harness, node };
}

test('a watch gives rows of the journal, then the backlog, then what commits, each once and in order', async () => {
  const { harness, node } = await play({ limits: { journalGatherMs: 1 } });
  await harness.add(
    'x',
    Array.from({ length: 250 }, (_, index) => index + 20),
  );
  await harness.untilTotals(250);
  await harness.pass(1_000);
  harness.journalFaults.delayMs = 50;
  await harness.add('x', [1, 2]);
  await harness.untilTotals(252);
  const watching = watch(node, { seqFrom: 3 });
  await harness.add('x', [3, 4]);
  await harness.add('y', [100]);
  await harness.untilTotals(255);
  await harness.pass(1_000);
  await harness.add('x', [5]);
  await harness.untilTotals(256);
  const expected = Array.from({ length: 247 }, (_, index) => index + 23);
  assert.deepEqual(seen(watching, 3), [...expected, 1, 2, 3, 4, 5]);
  assert.deepEqual([watching.end, watching.error], [undefined, undefined]);
});

test('a watch that hears of nothing new gives the backlog all the same', async () => {
  const { harness, node } = await play({ limits: { journalGatherMs: 1 } });
  await harness.add('x', [1, 2]);
  await harness.untilTotals(2);
  await harness.pass(500);
  harness.journalFaults.delayMs = 5_000;
  await harness.add('x', [3]);
  await harness.untilTotals(3);
  harness.journalFaults.delayMs = 0;
  const watching = watch(node);
  await harness.pass(500);
  assert.deepEqual(seen(watching), [1, 2, 3]);
});

test('what is decided and has not committed is watched by nobody', async () => {
  const { harness, node } = await play();
  const watching = watch(node);
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  harness.broker.network.faults = {
    decide: ({ api }) => (api === 'EndTxn' ? { kind: 'drop-request' } : { kind: 'pass' }),
  };
  await harness.add('x', [2]);
  await harness.pass(500);
  const late = watch(node);
  await harness.pass(500);
  assert.deepEqual([seen(watching), seen(late)], [[1], [1]]);
  harness.broker.network.faults = { decide: () => ({ kind: 'pass' }) };
  await harness.until(() => late.events.length === 2, 'the commit');
  assert.deepEqual(
    [seen(watching), seen(late)],
    [
      [1, 2],
      [1, 2],
    ],
  );
});

test('an event that moves from the backlog to the journal while it is looked for is given once', async () => {
  const { harness, node } = await play({ limits: { journalGatherMs: 1, journalBatchRows: 1 } });
  harness.journalFaults.delayMs = 7;
  const watches: Watching[] = [];
  for (let round = 1; round <= 40; round++) {
    await harness.add('x', [round + 20]);
    watches.push(watch(node));
    await harness.pass(3);
  }
  await harness.untilTotals(40);
  await harness.pass(1_000);
  const expected = Array.from({ length: 40 }, (_, index) => index + 21);
  for (const watching of watches) assert.deepEqual(seen(watching), expected);
});

test('a watch waits while its shard is taken over, and while the journal is away', async () => {
  const { harness, node } = await play();
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  await harness.settle(node.worker().stop());
  harness.broker.network.faults = {
    decide: ({ api }) =>
      api === 'OffsetFetch' ? { kind: 'delay', delayMs: 900 } : { kind: 'pass' },
  };
  const next = await harness.startNode('b');
  const watching = watch(next);
  assert.equal(next.worker().shards()[0]?.phase, 'taking-over');
  await harness.until(() => next.worker().shards()[0]?.phase === 'running', 'a shard');
  harness.journalFaults.isDown = true;
  const other = watch(next);
  await harness.pass(2_000);
  harness.journalFaults.heal();
  await harness.pass(1_000);
  assert.deepEqual([seen(watching), seen(other)], [[1], [1]]);
});

test('a tenure that ends says who owns the shard, and the next owner goes on without gap or repeat', async () => {
  const { harness, node } = await play({ partitionCount: 2 });
  const next = await harness.startNode('b');
  const ids = ['x', 'y', 'z', 'u', 'v'];
  const watches = ids.map((entityId) => watch(node, { entityId }));
  for (let round = 0; round < 20; round++) {
    for (const id of ids) await harness.add(id, [1]);
    await harness.pass(30);
  }
  await harness.untilTotals(100);
  const shard = next.worker().shards()[0]?.shard;
  for (const [index, watching] of watches.entries()) {
    const entityId = ids[index]!;
    const isMoved = homePartition(Buffer.from(entityId), 2) === shard;
    assert.equal(watching.end?.kind, isMoved ? 'not-owner' : undefined);
    const seqFrom = seen(watching).length;
    if (!isMoved) assert.equal(seqFrom, 20);
    const following = watch(next, { entityId, seqFrom });
    await harness.pass(100);
    assert.equal(seen(following, seqFrom).length, isMoved ? 20 - seqFrom : 0);
  }
});

test('events of the engine’s own are not given, and the next one tells how many they were', async () => {
  const { harness, node } = await play();
  const live = watch(node);
  await harness.add('x', [1, 13, 2]);
  await harness.until(() => node.worker().counters.parked === 2, 'parked records');
  harness.counter.isBroken = false;
  await harness.control({ entityId: 'x', action: 'retry' });
  await harness.untilTotals(3);
  const late = watch(node);
  const middle = watch(node, { seqFrom: 2 });
  await harness.pass(500);
  for (const watching of [live, late]) {
    assert.deepEqual(seen(watching), [1, 13, 2]);
    assert.deepEqual(
      watching.events.map(({ seq, skippedCount }) => [seq, skippedCount]),
      [
        [0, 0],
        [3, 2],
        [5, 1],
      ],
    );
  }
  assert.deepEqual(seen(middle, 2), [13, 2]);
});

test('a watch may begin behind the last event', async () => {
  const { harness, node } = await play();
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  const watching = watch(node, { seqFrom: 3 });
  await harness.pass(100);
  await harness.add('x', [2, 3, 4, 5]);
  await harness.untilTotals(5);
  assert.deepEqual(seen(watching, 3), [4, 5]);
});

test('the next event is given when the one before was taken, and who takes too long is told', async () => {
  const { harness, node } = await play({ limits: { watchBytesMax: 2_000 } });
  let taken: (() => void) | undefined;
  const onEvent = (): Promise<void> => new Promise((resolve) => (taken = resolve));
  const watching = watch(node, { onEvent });
  const other = watch(node);
  await harness.pass(50);
  await harness.add('x', [1, 2]);
  await harness.untilTotals(2);
  await harness.pass(500);
  assert.deepEqual(seen(watching), [1]);
  taken?.();
  await harness.pass(1);
  assert.deepEqual(seen(watching), [1, 2]);
  await harness.add('x', [3, 4, 5, 6, 7, 8, 9]);
  await harness.untilTotals(9);
  await harness.pass(2_000);
  assert.deepEqual([seen(watching), watching.end], [[1, 2], undefined]);
  for (let count = 3; count <= 9; count++) {
    taken?.();
    await harness.pass(1);
    assert.equal(seen(watching).length, count);
  }
  await harness.add(
    'x',
    [10, 11, 12, 13, 14, 15, 16, 17].map((each) => each + 10),
  );
  await harness.pass(11_000);
  await harness.add('x', [40]);
  await harness.pass(500);
  assert.deepEqual(watching.end, { kind: 'too-slow' });
  taken?.();
  await harness.pass(100);
  assert.equal(seen(watching).length, 9);
  assert.equal(seen(other).length, 18);
});

test('what the watcher throws ends its watch, and no other', async () => {
  const { harness, node } = await play();
  const throwing = watch(node, {
    onEvent: () => {
      throw new Error('no more');
    },
  });
  const rejecting = watch(node, { onEvent: () => Promise.reject(new Error('no less')) });
  const other = watch(node);
  await harness.add('x', [1, 2]);
  await harness.untilTotals(2);
  await harness.pass(100);
  assert.match(String(throwing.error), /no more/);
  assert.match(String(rejecting.error), /no less/);
  assert.deepEqual([seen(throwing), seen(rejecting), seen(other)], [[1], [1], [1, 2]]);
});

test('who stops watching is told why, and makes room for another', async () => {
  const { harness, node } = await play({ limits: { watchesMax: 1 } });
  const watching = watch(node);
  await harness.pass(100);
  const refused = watch(node);
  await harness.pass(1);
  assert.ok(refused.end?.kind === 'refused' && refused.end.code === 'overloaded');
  watching.abort();
  await harness.pass(1);
  assert.match(String(watching.error), /enough/);
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  const next = watch(node);
  await harness.pass(100);
  assert.deepEqual([seen(watching), seen(next)], [[], [1]]);
});

test('what cannot be watched is refused with a sentence', async () => {
  const { harness, node } = await play();
  const wrong = [
    [{ entityId: '' }, 'invalid-entity-id'],
    [{ seqFrom: -1 }, 'invalid-position'],
    [{ seqFrom: 0.5 }, 'invalid-position'],
  ] as const;
  for (const [options, code] of wrong) {
    const { end } = await harness.settle(
      Promise.resolve(watch(node, options)).then(async (each) => {
        await harness.pass(1);
        return each;
      }),
    );
    assert.ok(end?.kind === 'refused' && end.code === code);
    assert.match(end.reason, /\w+ .*\./);
  }
});

test('a gap in the history stops the shard, and the watch', async () => {
  const { harness, node } = await play();
  await harness.add('x', [1, 2, 3]);
  await harness.untilTotals(3);
  await harness.pass(2_000);
  const rows = harness.store.rows.bind(harness.store);
  harness.store.rows = (...asked) => rows(...asked).filter(({ seq }) => seq !== 1);
  const watching = watch(node);
  await harness.pass(500);
  await harness.add('x', [4]);
  await harness.until(() => watching.end !== undefined, 'the end');
  assert.equal(watching.end?.kind, 'not-owner');
  assert.match(node.worker().troubles().join(), /has a gap: event 1 is neither/);
});

test('a watch that catches up holds few bytes, however large the rows are', async () => {
  const harness = new EngineHarness({ partitionCount: 1, limits: { watchBytesMax: 200 } });
  const reads: { readonly seqFrom: number; readonly countMax: number }[] = [];
  const node = await harness.startNode('a', {
    journal: (journal) => {
      const read = journal.readEvents.bind(journal);
      journal.readEvents = (entityType, queries) => {
        reads.push(...queries);
        return read(entityType, queries);
      };
      return journal;
    },
  });
  const numbers = Array.from({ length: 60 }, (_, index) => index + 20);
  await harness.add('x', numbers);
  await harness.untilTotals(60);
  await harness.pass(2_000);
  reads.length = 0;
  const watching = watch(node);
  await harness.pass(500);
  assert.deepEqual(seen(watching), numbers);
  const [first, second, ...others] = reads;
  assert.equal(first?.countMax, 16);
  // What was more than it may hold was read again.
  assert.ok(second !== undefined && second.seqFrom < 10 && second.countMax < 10);
  assert.ok(others.every(({ countMax }) => countMax < 10));
});
