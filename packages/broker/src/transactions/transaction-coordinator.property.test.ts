import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimulatedLogs } from './simulated-logs.ts';
import { TIMEOUT_MS, TransactionHarness, turns } from './transaction-harness.ts';
import { assertAtomic, possibleOffsets, TransactionalClient } from './transactional-clients.ts';

/** What happens next: a client goes on, time passes, something becomes durable, the power fails. */
const event = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({ kind: fc.constant('step'), who: who(), choice: fc.nat(20) }),
  },
  {
    weight: 40,
    arbitrary: fc.record({
      kind: fc.constant('flush'),
      count: fc.integer({ min: 1, max: 6 }),
      choice: fc.nat(20),
    }),
  },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('turns'), count: fc.nat(12) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('wait'),
      ms: fc.integer({ min: 1, max: TIMEOUT_MS }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('crash'), extra: fc.nat(4) }) },
);

/** Clients 0 and 1 share a transactional id; 1, the zombie, wakes up seldom. */
function who() {
  return fc.constantFrom(0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 1);
}

test('every transaction happens as a whole or not at all, through crashes, time-outs and zombies', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(event, { minLength: 100, maxLength: 400, size: 'max' }),
      async (isCommon, events) => {
        await run(isCommon, events);
      },
    ),
    { numRuns: 150 },
  );
});

type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

async function run(isCommon: boolean, events: readonly Event[]): Promise<void> {
  let broker = await TransactionHarness.start(new SimulatedLogs({ isCommon }));
  let lastId = 0;
  const clients = ['a', 'a', 'b', 'c'].map(
    (transactionalId) =>
      new TransactionalClient({ transactionalId, broker: () => broker, newId: () => ++lastId }),
  );
  const steps: Promise<void>[] = [];
  for (const happening of events) {
    if ('who' in happening) {
      steps.push(clients[happening.who]?.step(happening.choice) ?? Promise.resolve());
    } else if ('extra' in happening) {
      broker = await broker.restart(() => happening.extra);
      await turns(50);
      assert.ok(
        clients.every(({ isBusy }) => !isBusy),
        'every request has had its answer',
      );
    } else if ('ms' in happening) {
      broker.timers.advance(happening.ms);
    } else if ('choice' in happening) {
      const { count, choice } = happening;
      broker.logs.flush({ count, only: (log) => (log.length + choice) % 3 !== 0 });
    } else {
      await turns(happening.count);
    }
  }
  broker = await finish(broker);
  await Promise.all(steps);
  const attempts = clients.flatMap((client) => client.attempts);
  assertAtomic(attempts, broker.logs);
  for (const transactionalId of ['a', 'b', 'c']) {
    const ofId = attempts.filter((attempt) => attempt.transactionalId === transactionalId);
    const inOrder = ofId.toSorted((a, b) => a.id - b.id);
    const offset = await broker.offset(transactionalId);
    assert.ok(offset !== 'unstable' && possibleOffsets(inOrder, broker.logs).includes(offset));
  }
}

/** The power fails once more, and what is open then runs out of time. */
async function finish(broker: TransactionHarness): Promise<TransactionHarness> {
  const last = await broker.restart();
  last.timers.advance(TIMEOUT_MS);
  await last.settle(turns(50));
  return last;
}
