import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MemoryJournal, MemoryJournalStore } from '@chat-cluster/journal';
import { ManualTimers } from '@chat-cluster/kernel';
import { LogError, MemoryBroker, MemoryLog, type Log } from '@chat-cluster/log';
import type { ExplainQuestion } from './explain-outcome.ts';
import { Explainer } from './explainer.ts';

class Asked {
  readonly timers = new ManualTimers();
  readonly reported: string[] = [];
  readonly explainer: Explainer;

  constructor(change: (log: MemoryLog) => Log = (log) => log) {
    const { timers } = this;
    const broker = new MemoryBroker({ clock: timers.clock, timers });
    this.explainer = new Explainer({
      definition: { type: 'x', inputs: { in: neverRead }, outputTopics: [], deadLetterTopic: 'd' },
      eventTopic: 'x_events',
      groupId: 'g',
      journal: new MemoryJournal({ timers, store: new MemoryJournalStore() }),
      openLog: () => change(new MemoryLog({ broker, clientName: 'c' })),
      timers,
      report: (_level, sentence) => this.reported.push(sentence),
    });
  }

  async ask(deadlineMs = 10_000, signal?: AbortSignal): Promise<string> {
    const outcome = await this.explainer.explain(record, deadlineMs, signal);
    return outcome.kind === 'explained' ? outcome.kind : `${outcome.code}: ${outcome.reason}`;
  }
}

const neverRead = () => ({ ok: false as const, code: 'none', reason: 'Not read.' });
const record: ExplainQuestion = { kind: 'record', at: { topic: 'in', partition: 0, offset: 0 } };

/** What it came to by now. */
function now(asked: Promise<string>): Promise<string> {
  return Promise.race([asked, nextTurn('still asked')]);
}

/** A log whose topics are described so. */
function describing(describeTopics: () => Promise<never>): (log: MemoryLog) => Log {
  return (log) => ({ admin: { describeTopics }, close: () => log.close() }) as unknown as Log;
}

/** A log that holds one record, which nobody has decided; the first looks at its group's offsets find them unstable. */
function logOf(looks: { count: number; readonly unstableCount: number }): Log {
  const admin = {
    describeTopics: (topics: readonly string[]) =>
      Promise.resolve(topics.map((topic) => ({ topic, topicId: topic, partitionCount: 1 }))),
    listOffsets: () => Promise.resolve([0, 1]),
    committedOffsets: () => {
      looks.count += 1;
      return looks.count > looks.unstableCount
        ? Promise.resolve([undefined])
        : Promise.reject(new LogError('unstable-offsets', 'A transaction is under way.'));
    },
  };
  const found = { offset: 0, timestampMs: 0, key: null, value: null, headers: [] };
  const readRange: Log['readRange'] = ({ visit }) => Promise.resolve(visit(found));
  return { admin, readRange, close: () => Promise.resolve() } as unknown as Log;
}

test('too many questions at once are refused, and none is lost', async () => {
  const asked = new Asked();
  const answers = await Promise.all(Array.from({ length: 20 }, () => asked.ask()));
  assert.equal(answers.filter((answer) => answer === 'explained').length, 16);
  assert.equal(answers.filter((answer) => answer.startsWith('overloaded: Too many')).length, 4);
  assert.equal(await asked.ask(), 'explained');
  await asked.explainer.close();
  assert.match(await asked.ask(), /^overloaded: This node is stopping/);
});

test('a log that does not answer is told with its sentence, and who asks next is answered anew', async () => {
  let isAway = true;
  const asked = new Asked((log) => {
    if (isAway) throw new LogError('unavailable', 'Kafka is away.');
    return log;
  });
  assert.equal(await asked.ask(), 'unreadable: Kafka is away.');
  assert.equal(await asked.ask(), 'unreadable: Kafka is away.');
  isAway = false;
  assert.equal(await asked.ask(), 'explained');
  await asked.explainer.close();
});

test('offsets that a transaction is about to change are looked at again, until the deadline', async () => {
  const looks = { count: 0, unstableCount: 3 };
  const asked = new Asked(() => logOf(looks));
  const asking = asked.ask();
  for (let ms = 0; ms < 100; ms += 20) {
    assert.equal(await now(asking), ms < 60 ? 'still asked' : 'explained');
    asked.timers.advance(20);
  }
  assert.equal(looks.count, 4);
  looks.unstableCount = Infinity;
  const late = asked.ask(200);
  for (let ms = 0; ms < 200; ms += 20) {
    assert.equal(await now(late), 'still asked');
    asked.timers.advance(20);
  }
  assert.match(await now(late), /^deadline: Time was up before the log/);
  await asked.explainer.close();
});

test('a question ends by its deadline, whatever is read and whoever is before it', async () => {
  const asked = new Asked(describing(() => new Promise(() => {})));
  const reading = asked.ask(5_000);
  const waiting = asked.ask(3_000);
  asked.timers.advance(3_000);
  assert.match(await now(waiting), /^deadline: Time was up while other questions were answered/);
  asked.timers.advance(2_000);
  assert.match(await now(reading), /^deadline: Time was up before the log/);
  // The line goes on.
  const next = asked.ask(1_000);
  asked.timers.advance(1_000);
  assert.match(await now(next), /^deadline: Time was up before the log/);
  await asked.explainer.close();
});

test('the question of one who has gone leaves the line to the next', async () => {
  const asked = new Asked(describing(() => new Promise(() => {})));
  const gone = new AbortController();
  const abandoned = asked.ask(10_000, gone.signal);
  const waiting = asked.ask(3_000);
  gone.abort();
  assert.notEqual(await now(abandoned), 'still asked');
  asked.timers.advance(3_000);
  assert.match(
    await now(waiting),
    /^deadline: Time was up before the log/,
    'It was being answered.',
  );
  await asked.explainer.close();
});

test('a fault of the program is told to the operator, not to who asks', async () => {
  const asked = new Asked(describing(() => Promise.reject(new TypeError('secret'))));
  assert.match(await asked.ask(), /^failed: .*the node’s log says why/);
  assert.deepEqual(asked.reported, ['A record could not be explained.']);
  await asked.explainer.close();
});
