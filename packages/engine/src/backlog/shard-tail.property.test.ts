import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AssertionFailure } from '@chat-cluster/kernel';
import { tailEventSizeBytes, type TailEvent } from '../output/event-record.ts';
import { ByteBudget } from './byte-budget.ts';
import { ShardTail } from './shard-tail.ts';

/** What a tail holds, in the simplest way. */
type Model = {
  events: TailEvent[];
  handedOver: number;
  committed: number;
  numberLast: number;
  seqs: Map<string, number>;
};

type Real = { readonly tail: ShardTail; readonly budget: ByteBudget };
type Step = fc.Command<Model, Real>;

function nextEvent(model: Model, entityId: string, bytes: number): TailEvent {
  const seq = model.seqs.get(entityId) ?? 0;
  model.seqs.set(entityId, seq + 1);
  model.numberLast += 1;
  return {
    entityId,
    seq,
    event: Buffer.alloc(bytes),
    timestampMs: 0,
    source: { topicId: 't', partition: 0, offset: model.numberLast },
    eventNumber: model.numberLast,
    offset: -1,
  };
}

function assertSame(model: Model, { tail, budget }: Real): void {
  assert.equal(tail.backlogCount, model.committed);
  assert.equal(tail.eventNumberLast, model.numberLast);
  assert.equal(tail.position.eventNumber, model.numberLast - model.events.length);
  assert.equal(tail.countForJournal, model.committed - model.handedOver);
  for (const id of ['a', 'b', 'c']) {
    const own = model.events.filter(({ entityId }) => entityId === id);
    assert.deepEqual(tail.eventsOf(id), own);
    assert.equal(
      tail.hasUncommitted(id),
      own.some(({ offset }) => offset < 0),
    );
  }
  const bytes = model.events.reduce((sum, event) => sum + tailEventSizeBytes(event), 0);
  assert.equal(budget.bytes, bytes);
}

const decide = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(50))
  .map(([entityId, bytes]): Step => ({
    check: () => true,
    run: (model, real) => {
      const event = nextEvent(model, entityId, bytes);
      real.tail.append(event);
      model.events.push(event);
      assertSame(model, real);
    },
    toString: () => `decide(${entityId})`,
  }));

const commit = fc.nat(5).map((count): Step => ({
  check: () => true,
  run: (model, real) => {
    const events = model.events.slice(model.committed, model.committed + count);
    for (const event of events) event.offset = event.eventNumber * 2;
    real.tail.markCommitted(events);
    model.committed += events.length;
    assertSame(model, real);
  },
  toString: () => `commit(${count})`,
}));

const handOver = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 80 }))
  .map(([countMax, bytesMax]): Step => ({
    check: () => true,
    run: (model, real) => {
      const taken = real.tail.handOver({ countMax, bytesMax });
      const waiting = model.events.slice(model.handedOver, model.committed);
      assert.deepEqual(taken, waiting.slice(0, taken.length));
      assert.ok(taken.length <= countMax);
      assert.ok(taken.length > 0 || waiting.length === 0);
      const bytes = taken.reduce((sum, { event }) => sum + event.byteLength, 0);
      assert.ok(taken.length <= 1 || bytes <= bytesMax);
      model.handedOver += taken.length;
      assertSame(model, real);
    },
    toString: () => `handOver(${countMax}, ${bytesMax})`,
  }));

const acknowledge = fc.nat(5).map((wanted): Step => ({
  check: () => true,
  run: (model, real) => {
    const count = Math.min(wanted, model.handedOver);
    const last = model.events[count - 1];
    real.tail.acknowledge(count);
    model.events.splice(0, count);
    model.handedOver -= count;
    model.committed -= count;
    if (last !== undefined) assert.equal(real.tail.position.offset, last.offset + 1);
    assertSame(model, real);
  },
  toString: () => `acknowledge(${wanted})`,
}));

function newPair(): { model: Model; real: Real } {
  const budget = new ByteBudget({ name: 'backlog', bytesMax: 1_000 });
  const tail = new ShardTail({ position: { offset: 7, eventNumber: 40 }, budget });
  const model = { events: [], handedOver: 0, committed: 0, numberLast: 40, seqs: new Map() };
  return { model, real: { tail, budget } };
}

test('a tail is what was decided less what was acknowledged, whatever the order of steps', () => {
  const steps = fc.commands([decide, commit, handOver, acknowledge], { maxCommands: 60 });
  fc.assert(
    fc.property(steps, (commands) => {
      fc.modelRun(newPair, commands);
    }),
    { numRuns: 200 },
  );
});

test('a tail that is cleared gives all its bytes back', () => {
  const { model, real } = newPair();
  for (const id of ['a', 'b', 'a']) real.tail.append(nextEvent(model, id, 10));
  real.tail.clear();
  assert.equal(real.budget.bytes, 0);
  assert.deepEqual(real.tail.eventsOf('a'), []);
});

test('what would break the order is a programmer error', () => {
  const { model, real } = newPair();
  const { tail } = real;
  const [first, second] = ['a', 'b'].map((id) => nextEvent(model, id, 1));
  assert.ok(first && second);
  assert.throws(() => tail.append(second), AssertionFailure, 'a number is left out');
  tail.append(first);
  assert.throws(() => tail.append(first), AssertionFailure, 'a number comes twice');
  assert.throws(() => tail.appendCommitted(second), AssertionFailure, 'something is decided');
  tail.append(second);
  assert.throws(() => tail.markCommitted([first]), AssertionFailure, 'it has no offset');
  first.offset = 1;
  second.offset = 2;
  assert.throws(() => tail.markCommitted([second]), AssertionFailure, 'one is left out');
  tail.markCommitted([first]);
  assert.throws(() => tail.acknowledge(1), AssertionFailure, 'it was not handed over');
});
