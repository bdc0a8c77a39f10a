import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred, ManualTimers } from '@chat-cluster/kernel';
import { LogError, type TransactionalProducer } from '@chat-cluster/log';
import { defaultEngineLimits } from '../engine-limits.ts';
import { EngineTopics } from '../engine-topics.ts';
import { Counters } from '../management/counters.ts';
import { Tenure } from '../partition/tenure.ts';
import { Committer, FencedTwiceError } from './committer.ts';
import { ScriptedProducer } from './scripted-producer.ts';

const fenced = { outcome: 'fenced', message: 'taken' } as const;

const found = ['events', 'control', 'quarantine', 'dead', 'in'].map((topic) => ({
  topic,
  topicId: `${topic}-id`,
  partitionCount: 1,
}));
const names = {
  events: 'events',
  control: 'control',
  quarantine: 'quarantine',
  deadLetters: 'dead',
};
const topics = new EngineTopics({ names, inputs: ['in'], found });

type Opened = TransactionalProducer | Promise<TransactionalProducer> | Error;

/** A committer whose producers are those of the list, one after the other; an error is what opening one fails with. */
class TestCommitter {
  readonly timers = new ManualTimers();
  readonly calls: string[] = [];
  readonly committer: Committer;

  constructor(first: TransactionalProducer, ...later: readonly Opened[]) {
    const producers = [...later];
    this.committer = new Committer(first, {
      openProducer: async () => {
        const next = producers.shift();
        this.calls.push(next instanceof Error ? 'refused' : 'opened');
        if (next === undefined || next instanceof Error) throw next ?? new Error('No more.');
        return next;
      },
      topics,
      groupId: 'g',
      eventTopic: 'events',
      limits: defaultEngineLimits,
      clock: this.timers.clock,
      timers: this.timers,
      report: () => {},
      counters: new Counters(),
      sources: () => [],
      decidedBytes: () => 0,
      isBehind: () => false,
      generation: () => ({ memberId: 'm', generationId: 1 }),
      onSettled: () => {},
      onRefused: () => {},
      onFenced: () => this.calls.push('fenced'),
      onReopened: () => this.calls.push('reopened'),
      onFailed: (error) => this.calls.push(`failed: ${error.message}`),
    });
  }

  /** Commits something for a new tenure. */
  async commit(): Promise<string> {
    const tenure = new Tenure({ partition: 0, generationId: 1 });
    const first = { offsets: new Map([['in', 0]]), eventNumber: 0 };
    let outcome = 'under way';
    void this.committer.commitStart(tenure, first).then(
      () => (outcome = 'committed'),
      (error: unknown) => (outcome = String(error)),
    );
    await this.pass(100);
    return outcome;
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      await new Promise((resolve) => setImmediate(resolve));
      this.timers.advance(10);
    }
  }
}

test('the first offsets of a shard are committed with the id of each topic and the event number', async () => {
  const producer = new ScriptedProducer();
  assert.equal(await new TestCommitter(producer).commit(), 'committed');
  assert.deepEqual(producer.transactions[0]?.offsets, [
    { topic: 'in', partition: 0, offsetNext: 0, metadata: 'cc1;in-id;0' },
  ]);
});

test('a fenced committer drops everything, then gets a new producer', async () => {
  const second = new ScriptedProducer();
  const play = new TestCommitter(new ScriptedProducer(fenced), second);
  await play.commit();
  assert.deepEqual(play.calls, ['fenced', 'opened', 'reopened']);
  assert.equal(await play.commit(), 'committed');
  assert.ok(second.transactions.length > 0);
});

test('a log that gives no producer for a while is asked again', async () => {
  const unavailable = new LogError('unavailable', 'Nobody answers.');
  const play = new TestCommitter(new ScriptedProducer(fenced), unavailable, new ScriptedProducer());
  await play.commit();
  assert.deepEqual(play.calls, ['fenced', 'refused']);
  await play.pass(2_000);
  assert.deepEqual(play.calls, ['fenced', 'refused', 'opened', 'reopened']);
});

test('a log that refuses a new producer for good fails', async () => {
  const refused = new LogError('refused', 'Not allowed.');
  const play = new TestCommitter(new ScriptedProducer(fenced), refused);
  await play.commit();
  assert.deepEqual(play.calls, ['fenced', 'refused', 'failed: Not allowed.']);
});

test('fenced twice within a minute fails, later it is fenced again', async () => {
  for (const [waitMs, outcome] of [
    [50_000, `failed: ${new FencedTwiceError().message}`],
    [70_000, 'reopened'],
  ] as const) {
    const producers = [fenced, fenced].map((answer) => new ScriptedProducer(answer));
    const play = new TestCommitter(producers[0]!, producers[1]!, new ScriptedProducer());
    await play.commit();
    await play.pass(waitMs);
    await play.commit();
    assert.equal(play.calls.at(-1), outcome);
  }
});

test('a producer that is given after the end is closed, and nothing is reopened', async () => {
  const opening = deferred<TransactionalProducer>();
  const late = new ScriptedProducer();
  let isClosed = false;
  late.close = () => {
    isClosed = true;
    return Promise.resolve();
  };
  const play = new TestCommitter(new ScriptedProducer(fenced), opening.promise);
  await play.commit();
  await play.committer.end();
  await play.committer.close();
  opening.resolve(late);
  await play.pass(100);
  assert.deepEqual([isClosed, play.calls], [true, ['fenced', 'opened']]);
});

test('a committer that has ended asks for no producer any more', async () => {
  const unavailable = new LogError('unavailable', 'Nobody answers.');
  const play = new TestCommitter(new ScriptedProducer(fenced), unavailable, new ScriptedProducer());
  await play.commit();
  await play.committer.end();
  await play.pass(5_000);
  assert.deepEqual(play.calls, ['fenced', 'refused']);
});
