import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JournalError, MemoryJournal, type JournalAppend } from '@chat-cluster/journal';
import { deferred, ManualTimers, type Deferred } from '@chat-cluster/kernel';
import { defaultEngineLimits, type EngineLimits } from '../engine-limits.ts';
import type { TailEvent } from '../output/event-record.ts';
import { ByteBudget } from './byte-budget.ts';
import { JournalWriter } from './journal-writer.ts';
import { ShardTail } from './shard-tail.ts';

/** A journal whose writes are answered when the test says so. */
class HeldJournal extends MemoryJournal {
  readonly appends: (JournalAppend & { readonly answer: Deferred<void> })[] = [];

  override async append(batch: JournalAppend): Promise<void> {
    const answer = deferred<void>();
    this.appends.push({ ...batch, answer });
    await answer.promise;
    await super.append(batch);
  }

  get rowAppends() {
    return this.appends.filter(({ rows }) => rows.length > 0);
  }

  get positionAppends() {
    return this.appends.filter(({ positions }) => positions.length > 0);
  }
}

class Play {
  readonly timers = new ManualTimers();
  readonly journal = new HeldJournal({ timers: this.timers });
  readonly budget = new ByteBudget({ name: 'backlog', bytesMax: 1_000_000 });
  readonly reports: string[] = [];
  readonly failures: Error[] = [];
  acknowledgedCount = 0;
  isBehind = false;
  readonly writer: JournalWriter;

  constructor(limits: Partial<EngineLimits> = {}) {
    this.writer = new JournalWriter({
      entityType: 't',
      journal: this.journal,
      limits: { ...defaultEngineLimits, journalBatchRows: 2, journalConcurrency: 2, ...limits },
      clock: this.timers.clock,
      timers: this.timers,
      report: (level, sentence) => this.reports.push(`${level}: ${sentence}`),
      budget: this.budget,
      isBehind: () => this.isBehind,
      onRowsWritten: () => {},
      onAcknowledged: () => (this.acknowledgedCount += 1),
      onFailed: (error) => this.failures.push(error),
    });
  }

  /** A shard with so many committed events. */
  shard(shard: number, eventCount: number): ShardTail {
    const tail = new ShardTail({ position: { offset: 0, eventNumber: 0 }, budget: this.budget });
    for (let index = 0; index < eventCount; index++) tail.appendCommitted(eventOf(shard, index));
    this.writer.add(shard, tail);
    return tail;
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed <= ms; passed += 10) {
      await new Promise((resolve) => setImmediate(resolve));
      this.timers.advance(10);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  seqs(shard: number): number[] {
    return this.journal.store.rows('t', `id-${shard}`).map(({ seq }) => seq);
  }
}

function eventOf(shard: number, seq: number): TailEvent {
  return {
    entityId: `id-${shard}`,
    seq,
    event: Buffer.from(`{"n":${seq}}`),
    timestampMs: 0,
    source: { topicId: 't', partition: shard, offset: seq },
    eventNumber: seq + 1,
    offset: 10 + seq,
  };
}

test('batches are written side by side within the bound, and the next one when there is room', async () => {
  const play = new Play();
  play.shard(0, 5);
  await play.pass(0);
  assert.deepEqual(
    play.journal.rowAppends.map(({ rows }) => rows.length),
    [2, 2],
  );
  play.journal.appends[0]?.answer.resolve();
  await play.pass(100);
  assert.deepEqual(
    play.journal.rowAppends.map(({ rows }) => rows.length),
    [2, 2, 1],
  );
});

test('events gather after a batch was begun, and go when they fill one or the time is over', async () => {
  const play = new Play({ journalBatchRows: 3, journalGatherMs: 100 });
  const tail = play.shard(0, 1);
  const commit = (seq: number) => {
    tail.appendCommitted(eventOf(0, seq));
    play.writer.kick();
  };
  const sizes = () => play.journal.rowAppends.map(({ rows }) => rows.length);
  commit(1);
  await play.pass(50);
  assert.deepEqual(sizes(), [1], 'the first one does not wait, the next one does');
  await play.pass(100);
  assert.deepEqual(sizes(), [1, 1], 'its time is over');
  for (const { answer } of play.journal.rowAppends) answer.resolve();
  await play.pass(0);
  commit(2);
  commit(3);
  assert.equal(sizes().length, 2);
  commit(4);
  assert.deepEqual(sizes(), [1, 1, 3], 'a full one goes at once');
});

test('while the inputs lag events gather for longer, but not while they fill the backlog', async () => {
  const play = new Play({
    journalBatchRows: 100,
    journalGatherMs: 100,
    journalGatherBehindMs: 1_000,
    journalConcurrency: 10,
  });
  play.isBehind = true;
  const tail = play.shard(0, 1);
  const sizes = () => play.journal.rowAppends.map(({ rows }) => rows.length);
  const commit = (seq: number) => {
    tail.appendCommitted(eventOf(0, seq));
    play.writer.kick();
  };
  commit(1);
  await play.pass(900);
  assert.deepEqual(sizes(), [1]);
  await play.pass(100);
  assert.deepEqual(sizes(), [1, 1], 'its time is over');
  commit(2);
  play.isBehind = false;
  await play.pass(100);
  assert.deepEqual(sizes(), [1, 1, 1], 'nothing lags any more');
  play.isBehind = true;
  commit(3);
  play.budget.take(500_000);
  await play.pass(100);
  assert.deepEqual(sizes(), [1, 1, 1, 1], 'half of the bound is in use');
});

test('an event leaves the backlog when its row and all before it are acknowledged, whatever comes first', async () => {
  const play = new Play();
  const tail = play.shard(0, 4);
  await play.pass(0);
  const [first, second] = play.journal.rowAppends;
  second?.answer.resolve();
  await play.pass(0);
  assert.deepEqual([tail.backlogCount, tail.position.eventNumber], [4, 0]);
  first?.answer.resolve();
  await play.pass(0);
  assert.deepEqual([tail.backlogCount, tail.position], [0, { offset: 14, eventNumber: 4 }]);
  assert.equal(play.budget.bytes, 0);
  assert.equal(play.acknowledgedCount, 2);
});

test('a position is written only after the rows that it covers are acknowledged', async () => {
  const play = new Play();
  play.shard(0, 4);
  await play.pass(500);
  assert.deepEqual(play.journal.positionAppends, []);
  play.journal.rowAppends[0]?.answer.resolve();
  await play.pass(500);
  assert.deepEqual(
    play.journal.positionAppends.map(({ positions }) => positions),
    [[{ shard: 0, offset: 12, eventNumber: 2 }]],
  );
});

test('a write that failed is written again, more and more slowly, until it is acknowledged', async () => {
  const play = new Play();
  const tail = play.shard(0, 1);
  const away = new JournalError('unavailable', 'The journal is away.');
  for (let attempt = 0; attempt < 8; attempt++) {
    await play.pass(1_100);
    play.journal.appends.at(-1)?.answer.reject(away);
    await play.pass(0);
    assert.equal(play.writer.failure?.error, away);
  }
  assert.equal(play.journal.appends.length, 8);
  assert.equal(tail.backlogCount, 1);
  await play.pass(1_100);
  play.journal.appends.at(-1)?.answer.resolve();
  await play.pass(0);
  assert.equal(tail.backlogCount, 0);
  assert.equal(play.writer.failure, undefined);
  assert.deepEqual(play.reports, [
    'warn: The journal cannot be written; committed events wait in the backlog.',
    'info: The journal is back; the backlog is being written.',
  ]);
});

test('shards take turns: the busiest does not starve the others', async () => {
  const play = new Play({ journalConcurrency: 1 });
  const busy = play.shard(0, 100);
  const quiet = play.shard(1, 1);
  for (let count = 0; count < 4 && quiet.backlogCount > 0; count++) {
    await play.pass(0);
    play.journal.rowAppends.at(-1)?.answer.resolve();
  }
  await play.pass(0);
  assert.equal(quiet.backlogCount, 0);
  assert.ok(busy.backlogCount > 90);
});

test('what is under way for a shard that was given up is nothing to its next tenure', async () => {
  const play = new Play();
  const former = play.shard(0, 2);
  await play.pass(0);
  play.writer.remove(0);
  former.clear();
  const present = play.shard(0, 2);
  await play.pass(0);
  const [ofFormer, ofPresent] = play.journal.rowAppends;
  ofFormer?.answer.resolve();
  await play.pass(500);
  assert.equal(present.backlogCount, 2);
  assert.deepEqual(play.journal.positionAppends, []);
  ofPresent?.answer.resolve();
  await play.pass(500);
  assert.equal(present.backlogCount, 0);
  assert.deepEqual(play.seqs(0), [0, 1]);
  assert.deepEqual(play.failures, []);
});

test('flush() ends when rows and positions are written', async () => {
  const play = new Play();
  play.shard(0, 3);
  let isFlushed = false;
  void play.writer.flush(5_000).then(() => (isFlushed = true));
  await play.pass(200);
  assert.equal(isFlushed, false);
  for (let count = 0; count < 10; count++) {
    for (const { answer } of play.journal.appends) answer.resolve();
    await play.pass(20);
  }
  assert.equal(isFlushed, true);
  assert.equal(play.journal.positionAppends.at(-1)?.positions[0]?.eventNumber, 3);
});

test('flush() waits no longer than it may', async () => {
  const play = new Play();
  play.shard(0, 3);
  let isFlushed = false;
  void play.writer.flush(1_000).then(() => (isFlushed = true));
  await play.pass(1_100);
  assert.equal(isFlushed, true);
});

test('a writer that was closed writes nothing again', async () => {
  const play = new Play();
  play.shard(0, 1);
  await play.pass(0);
  play.writer.close();
  play.journal.appends[0]?.answer.reject(new JournalError('unavailable', 'away'));
  await play.pass(2_000);
  assert.equal(play.journal.appends.length, 1);
});
