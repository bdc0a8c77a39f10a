import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionFailure, deferred, ManualTimers } from '@chat-cluster/kernel';
import type { Generation, Transaction, TransactionResult } from '@chat-cluster/log';
import { defaultEngineLimits } from '../engine-limits.ts';
import { Counters } from '../management/counters.ts';
import { Tenure } from '../partition/tenure.ts';
import { DecidedPart, decidedWrite } from './decided-part.ts';
import { committed, ScriptedProducer, type ScriptedAnswer } from './scripted-producer.ts';
import {
  TransactionLoop,
  type PartSource,
  type TransactionLoopOptions,
} from './transaction-loop.ts';

const generation: Generation = { memberId: 'm', generationId: 1 };

function aborted(reason: Extract<TransactionResult, { outcome: 'aborted' }>['reason']) {
  return { outcome: 'aborted', reason, message: `because of ${reason}` } as const;
}

/** A shard that has decided what it is told to. */
class TestShard implements PartSource {
  readonly tenure: Tenure;
  readonly committedTexts: string[] = [];
  readonly #parts: DecidedPart[] = [];
  readonly decisions;

  constructor(partition: number) {
    this.tenure = new Tenure({ partition, generationId: generation.generationId });
    const parts = this.#parts;
    this.decisions = {
      get hasAny() {
        return parts.length > 0;
      },
      peek: () => parts[0],
      shift: () => parts.shift(),
    };
  }

  decide(text: string): void {
    const { partition } = this.tenure;
    const part = new DecidedPart({ partition, partitionBytesMax: 1_000, eventNumberLast: 0 });
    const record = { key: null, value: Buffer.from(text), headers: [] };
    part.write(decidedWrite({ topic: 'out', partition }, record));
    part.offsets.set('in', { topicId: 'id', offsetNext: this.#parts.length + 1 });
    part.whenCommitted.push(() => this.committedTexts.push(text));
    this.#parts.push(part);
  }

  committed(part: DecidedPart): void {
    for (const callback of part.whenCommitted) callback();
  }
}

function textsOf({ writes }: Transaction): string[] {
  return writes.flatMap(({ records }) =>
    records.map(({ value }) => Buffer.from(value ?? []).toString()),
  );
}

/** A loop on a scripted producer and shards of partitions 0 and 1. */
class TestLoop {
  readonly timers = new ManualTimers();
  readonly producer: ScriptedProducer;
  readonly shards = [new TestShard(0), new TestShard(1)] as const;
  readonly settled: DecidedPart[] = [];
  readonly refused: number[] = [];
  readonly failures: Error[] = [];
  decidedBytes = 0;
  isBehind = false;
  fencedMessage: string | undefined;
  generation: Generation | undefined = generation;
  readonly loop: TransactionLoop;

  constructor(
    script: readonly ScriptedAnswer[],
    limits: Partial<TransactionLoopOptions['limits']> = {},
  ) {
    this.producer = new ScriptedProducer(...script);
    this.loop = new TransactionLoop({
      producer: this.producer,
      groupId: 'g',
      eventTopic: 'events',
      limits: { ...defaultEngineLimits, ...limits },
      clock: this.timers.clock,
      timers: this.timers,
      report: () => {},
      counters: new Counters(),
      sources: () => this.shards,
      decidedBytes: () => this.decidedBytes,
      isBehind: () => this.isBehind,
      generation: () => this.generation,
      onSettled: (parts) => this.settled.push(...parts),
      onRefused: ({ tenure }) => {
        this.refused.push(tenure.partition);
        tenure.apply('failed', 'refused');
      },
      onFenced: (message) => (this.fencedMessage = message),
      onFailed: (error) => this.failures.push(error),
    });
  }

  get sent(): string[][] {
    return this.producer.transactions.map((transaction) => textsOf(transaction));
  }

  /** Lets promises and timers run until nothing happens any more for a while. */
  async run(durationMs = 200): Promise<void> {
    this.loop.kick();
    for (let passedMs = 0; passedMs < durationMs; passedMs += 10) {
      await new Promise((resolve) => setImmediate(resolve));
      this.timers.advance(10);
    }
  }
}

/** A commit that ends only when it is told to. */
function heldCommit(): { answer: ScriptedAnswer; end: (result: TransactionResult) => void } {
  const { promise, resolve } = deferred<TransactionResult>();
  return { answer: () => promise, end: resolve };
}

/** A commit that is under way until it is aborted. */
const untilAborted: ScriptedAnswer = (signal) =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(aborted('requested')));
  });

test('parts of all shards go into one transaction, each shard in its order', async () => {
  const play = new TestLoop([]);
  const [a, b] = play.shards;
  for (const text of ['a1', 'a2']) a.decide(text);
  b.decide('b1');
  await play.run();
  assert.deepEqual(play.sent, [['a1', 'a2', 'b1']]);
  assert.deepEqual(a.committedTexts, ['a1', 'a2']);
  assert.equal(play.settled.length, 3);
});

test('while the inputs lag decisions gather after a transaction was begun, until they fill one', async () => {
  const play = new TestLoop([], { transactionGatherBehindMs: 100, transactionBytesMax: 1_000 });
  const [a] = play.shards;
  play.isBehind = true;
  a.decide('a1');
  await play.run(50);
  assert.deepEqual(play.sent, [['a1']], 'the first one does not wait');
  a.decide('a2');
  await play.run(30);
  a.decide('a3');
  await play.run(10);
  assert.equal(play.sent.length, 1);
  await play.run(20);
  assert.deepEqual(play.sent.slice(1), [['a2', 'a3']], 'the time is over');
  play.decidedBytes = 1_000;
  a.decide('a4');
  await play.run(10);
  assert.deepEqual(play.sent.slice(2), [['a4']], 'a full one goes at once');
  play.decidedBytes = 0;
  a.decide('a5');
  await play.run(10);
  assert.equal(play.sent.length, 3);
  play.isBehind = false;
  await play.run(10);
  assert.deepEqual(play.sent.slice(3), [['a5']], 'nothing lags any more');
});

test('at ease decisions gather for a shorter time, and one that comes after it does not wait', async () => {
  const play = new TestLoop([], { transactionGatherMs: 50, transactionGatherBehindMs: 500 });
  const [a] = play.shards;
  a.decide('a1');
  await play.run(20);
  a.decide('a2');
  await play.run(10);
  a.decide('a3');
  await play.run(10);
  assert.deepEqual(play.sent, [['a1']]);
  await play.run(30);
  assert.deepEqual(play.sent.slice(1), [['a2', 'a3']]);
  await play.run(100);
  a.decide('a4');
  await play.run(10);
  assert.deepEqual(play.sent.slice(2), [['a4']]);
});

test('a loop that ends while decisions gather commits none of them', async () => {
  const play = new TestLoop([], { transactionGatherBehindMs: 100 });
  const [a] = play.shards;
  play.isBehind = true;
  a.decide('a1');
  await play.run(10);
  a.decide('a2');
  await play.run(10);
  await play.loop.end();
  await play.run();
  assert.deepEqual(play.sent, [['a1']]);
});

test('what was aborted is sent again with the same bytes before anything newer', async () => {
  for (const reason of ['unavailable', 'not-a-member', 'rebalancing'] as const) {
    const held = heldCommit();
    const play = new TestLoop([held.answer, aborted(reason)]);
    const [a, b] = play.shards;
    a.decide('a1');
    b.decide('b1');
    await play.run();
    a.decide('a2');
    held.end(aborted(reason));
    await play.run();
    assert.deepEqual(play.sent, [['a1', 'b1'], ['a1', 'b1'], ['a1', 'b1'], ['a2']]);
    assert.deepEqual(play.producer.transactions[1], play.producer.transactions[0]);
    assert.deepEqual(a.committedTexts, ['a1', 'a2']);
  }
});

test('parts of a tenure that ended meanwhile are not sent again, the others are', async () => {
  const play = new TestLoop([untilAborted]);
  const [a, b] = play.shards;
  a.decide('a1');
  b.decide('b1');
  await play.run();
  a.tenure.apply('lost');
  let isReleased = false;
  void play.loop.release(a.tenure).then(() => (isReleased = true));
  await play.run();
  assert.ok(isReleased, 'the transaction was aborted');
  assert.deepEqual(play.sent, [['a1', 'b1'], ['b1']]);
  assert.deepEqual(a.committedTexts, []);
  assert.deepEqual(b.committedTexts, ['b1']);
  assert.equal(play.settled.length, 2);
});

test('nothing is taken of a tenure that has ended', async () => {
  const play = new TestLoop([]);
  const [a, b] = play.shards;
  a.decide('a1');
  b.decide('b1');
  a.tenure.apply('lost');
  await play.run();
  assert.deepEqual(play.sent, [['b1']]);
  assert.deepEqual(play.failures, []);
});

test('a commit that succeeds after the tenure has ended is nothing to its shard', async () => {
  const held = heldCommit();
  const play = new TestLoop([held.answer]);
  const [a] = play.shards;
  a.decide('a1');
  await play.run();
  a.tenure.apply('lost');
  held.end(committed);
  await play.run();
  assert.deepEqual(a.committedTexts, []);
  assert.equal(play.settled.length, 1);
});

test('nothing is sent while there is no generation', async () => {
  const play = new TestLoop([]);
  play.generation = undefined;
  play.shards[0].decide('a1');
  await play.run();
  assert.deepEqual(play.sent, []);
  play.generation = generation;
  await play.run();
  assert.deepEqual(play.sent, [['a1']]);
});

test('a generation that does not confirm a tenure is a programmer error, and nothing is sent', async () => {
  const play = new TestLoop([]);
  play.generation = { memberId: 'm', generationId: 2 };
  play.shards[0].decide('a1');
  await play.run();
  assert.deepEqual(play.sent, []);
  assert.ok(play.failures[0] instanceof AssertionFailure);
});

test('of parts that are refused together the culprit is found alone, and the others commit', async () => {
  const isRefused = (texts: readonly string[]): boolean => texts.includes('bad');
  const play = new TestLoop([]);
  play.producer.commit = (transaction) => {
    play.producer.transactions.push(transaction);
    return Promise.resolve(isRefused(textsOf(transaction)) ? aborted('too-large') : committed);
  };
  const [a, b] = play.shards;
  for (const text of ['a1', 'a2']) a.decide(text);
  for (const text of ['b1', 'bad', 'b3']) b.decide(text);
  await play.run();
  assert.deepEqual(a.committedTexts, ['a1', 'a2']);
  assert.deepEqual(b.committedTexts, ['b1']);
  assert.deepEqual(play.refused, [1]);
  assert.equal(play.settled.length, 5);
});

test('parts that wait for their own try are held, and given back with their tenure', async () => {
  const held = heldCommit();
  const play = new TestLoop([aborted('refused'), held.answer]);
  const [a, b] = play.shards;
  a.decide('a1');
  b.decide('b1');
  await play.run();
  assert.deepEqual(play.sent, [['a1', 'b1'], ['a1']]);
  assert.ok(play.loop.holds(b.tenure));
  b.tenure.apply('lost');
  held.end(committed);
  await play.run();
  assert.deepEqual(play.sent.slice(2), []);
  assert.ok(!play.loop.holds(b.tenure));
  assert.equal(play.settled.length, 2);
});

test('a refusal of what a shard decided before it was lost does not stop the shard anew', async () => {
  const held = heldCommit();
  const play = new TestLoop([held.answer]);
  const [a] = play.shards;
  a.decide('a1');
  await play.run();
  a.tenure.apply('lost');
  held.end(aborted('refused'));
  await play.run();
  assert.deepEqual(play.refused, []);
  assert.equal(play.settled.length, 1);
});

test('a fenced loop ends, and gives back all that it held', async () => {
  const play = new TestLoop([aborted('too-large'), { outcome: 'fenced', message: 'taken' }]);
  const [a, b] = play.shards;
  a.decide('a1');
  b.decide('b1');
  await play.run();
  assert.equal(play.fencedMessage, 'taken');
  assert.equal(play.settled.length, 2);
  a.decide('a2');
  await play.run();
  assert.deepEqual(play.sent, [['a1', 'b1'], ['a1']]);
});

test('end() aborts what is under way and gives it back', async () => {
  const play = new TestLoop([untilAborted]);
  play.shards[0].decide('a1');
  await play.run();
  const ended = play.loop.end();
  await play.run();
  await ended;
  assert.equal(play.settled.length, 1);
  assert.deepEqual(play.sent, [['a1']]);
});

test('a transaction takes no more than its bounds, of any shard', async () => {
  const play = new TestLoop([], { transactionBytesMax: 1 });
  const [a, b] = play.shards;
  for (const text of ['a1', 'a2']) a.decide(text);
  b.decide('b1');
  await play.run();
  assert.deepEqual(play.sent.length, 3);
  assert.deepEqual(a.committedTexts, ['a1', 'a2']);
  assert.deepEqual(b.committedTexts, ['b1']);
});

test('two parts that are too much for one partition go into two transactions', async () => {
  const play = new TestLoop([], { partitionBatchBytesMax: 250 });
  const [a, b] = play.shards;
  for (const text of ['a1', 'a2']) a.decide(text);
  b.decide('b1');
  await play.run();
  assert.deepEqual(play.sent, [['a1', 'b1'], ['a2']]);
});

test('the offsets of a transaction are the last ones of each input', async () => {
  const play = new TestLoop([]);
  const [a] = play.shards;
  for (const text of ['a1', 'a2', 'a3']) a.decide(text);
  await play.run();
  const offsets = play.producer.transactions[0]?.offsets;
  assert.deepEqual(
    offsets?.map(({ topic, partition, offsetNext }) => [topic, partition, offsetNext]),
    [['in', 0, 3]],
  );
});
