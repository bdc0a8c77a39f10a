import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { MemoryJournal } from '@chat-cluster/journal';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness } from '../../engine-harness.ts';
import type { InputRecord } from '../../entity/entity-definition.ts';
import type { ExplainOutcome, ExplainQuestion } from './explain-outcome.ts';
import { explain, type ExplainMessageOptions } from './explain.ts';

describe('explaining a message by its id', () => {
  let harness: EngineHarness;
  let home: number;

  beforeEach(async () => {
    harness = new EngineHarness();
    home = homePartition(Buffer.from('one'), harness.partitionCount);
    await harness.startNode('a');
  });
  afterEach(() => harness.outside.close());

  const messageIdOf = (_topic: string, { value }: InputRecord): string | undefined =>
    (JSON.parse(Buffer.from(value ?? []).toString()) as { filler?: string }).filler;

  function options(): ExplainMessageOptions {
    const { counter, outside, store, timers } = harness;
    return {
      definition: { ...counter.definition, messageIdOf },
      eventTopic: 'counter_events',
      groupId: 'counters',
      log: outside,
      journal: new MemoryJournal({ timers, store }),
    };
  }

  function ask(
    question: ExplainQuestion,
    asked = options(),
    { signal } = new AbortController(),
  ): Promise<ExplainOutcome> {
    return harness.settle(explain(asked, question, signal));
  }

  async function placesOf(question: ExplainQuestion): Promise<unknown[]> {
    const outcome = await ask(question);
    assert(outcome.kind === 'explained');
    return outcome.explanations.map(({ record, state }) => [
      record.partition,
      record.offset,
      state,
    ]);
  }

  function message(messageId: string, entityId?: string): ExplainQuestion {
    return { kind: 'message', messageId, entityId };
  }

  test('it is found wherever it was sent to, or at its entity’s home alone', async () => {
    const away = (home + 1) % harness.partitionCount;
    harness.filler = 'm1';
    await harness.add('one', [1], away);
    await harness.untilTotals(1);
    harness.filler = 'm2';
    const offset = await harness.add('one', [2]);
    await harness.untilTotals(2);
    const sent = [away, 0, 'forwarded'];
    const copy = [home, 0, 'decided'];
    assert.deepEqual(await placesOf(message('m1')), [sent]);
    assert.deepEqual(await placesOf(message('m1', 'one')), [copy]);
    assert.deepEqual(await placesOf(message('m2', 'one')), [[home, offset, 'decided']]);
    const at = { topic: 'add', partition: home, offset };
    assert.deepEqual(await placesOf({ kind: 'record', at }), [[home, offset, 'decided']]);
  });

  test('who asks for one that is not there is told how far it was looked for', async () => {
    harness.filler = 'm1';
    await harness.add('one', [1]);
    await harness.untilTotals(1);
    assert.deepEqual(await ask(message('m3')), {
      kind: 'explained',
      explanations: [],
      searched: 'No record with this id is among the newest 1 offsets of 8 partitions.',
    });
    const outcome = await ask(message('m3', 'one'));
    assert(outcome.kind === 'explained');
    assert.match(outcome.searched ?? '', /of 2 partitions/);
  });

  test('where records carry no id, who asks by one is told to name the record', async () => {
    const { messageIdOf: _, ...definition } = options().definition;
    const outcome = await ask(message('m1'), { ...options(), definition });
    assert.deepEqual(outcome, {
      kind: 'refused',
      code: 'no-message-ids',
      reason:
        'The records of add, ask carry no id of their own: name the record by its topic, partition and offset.',
    });
  });

  /** Reads that are given up once this partition of `add` is read. */
  function timeUpAt(partition: number, ending: AbortController): ExplainMessageOptions {
    const { log, ...others } = options();
    const readRange: typeof log.readRange = (range) => {
      if (range.topic === 'add' && range.partition === partition) ending.abort();
      if (!ending.signal.aborted) return log.readRange(range);
      return Promise.reject(ending.signal.reason as Error);
    };
    return { ...others, log: { admin: log.admin, readRange } };
  }

  test('when time is up, what was found is told, with how far it came; nothing found is no answer', async () => {
    harness.filler = 'm1';
    const partitions = ['one', 'two', 'three', 'four', 'five', 'six'].map((id) => ({
      id,
      partition: homePartition(Buffer.from(id), harness.partitionCount),
    }));
    for (const { id } of partitions) await harness.add(id, [1]);
    await harness.untilTotals(partitions.length);
    const last = Math.max(...partitions.map(({ partition }) => partition));
    const ending = new AbortController();
    const some = await ask(message('m1'), timeUpAt(last, ending), ending);
    assert(some.kind === 'explained');
    assert(some.explanations.length > 0);
    assert.match(some.searched ?? '', /^Time was up after \d of 6 offsets: the rest may hold more/);
    const again = new AbortController();
    const none = await ask(message('m2'), timeUpAt(last, again), again);
    assert(none.kind === 'refused' && none.code === 'deadline');
    assert.match(none.reason, /after \d of 6 offsets, and no record with this id was found/);
  });
});
