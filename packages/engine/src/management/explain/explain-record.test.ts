import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { MemoryJournal } from '@chat-cluster/journal';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness } from '../../engine-harness.ts';
import { explainRecord } from './explain-record.ts';
import type { Explanation } from './explanation.ts';

describe('explaining a record', () => {
  let harness = new EngineHarness();

  afterEach(async () => {
    await harness.outside.close();
    harness = new EngineHarness();
  });

  function explain(topic: string, partition: number, offset: number): Promise<Explanation> {
    const { counter, outside, store, timers } = harness;
    const journal = new MemoryJournal({ timers, store });
    const options = {
      definition: counter.definition,
      eventTopic: 'counter_events',
      groupId: 'counters',
      log: outside,
      journal,
    };
    return harness.settle(explainRecord(options, { topic, partition, offset }));
  }

  function homeOf(id: string): number {
    return homePartition(Buffer.from(id), harness.partitionCount);
  }

  test('a record that was decided is told with its events, its outputs and where the journal is', async () => {
    await harness.startNode('a');
    await harness.add('one', [1, 2, 3]);
    await harness.untilTotals(3);
    await harness.until(() => harness.seqsOf('one').length === 3, 'rows');
    await harness.pass(1_000);
    const home = homeOf('one');
    const told = await explain('add', home, 1);
    assert.equal(told.state, 'decided');
    assert.equal(told.entityId, 'one');
    assert.deepEqual(
      told.events?.map(({ topic, partition, seq, eventNumber, isJournaled }) => [
        topic,
        partition,
        seq,
        eventNumber,
        isJournaled,
      ]),
      [['counter_events', home, 1, 2, true]],
    );
    const records = await harness.readPartition('counter_events', home);
    assert.equal(told.events?.[0]?.offset, records[1]?.offset);
    assert.match(told.sentences.join('\n'), /transaction has committed(.|\n)*in the journal/);
    // All three were sent in the same millisecond.
    assert.deepEqual(
      told.outputs?.map(({ topic, partition, offset }) => [topic, partition, offset]),
      [['totals', home, 1]],
    );
  });

  test('an event that the journal does not have yet is in the backlog', async () => {
    await harness.startNode('a');
    await harness.add('one', [1]);
    await harness.untilTotals(1);
    await harness.until(() => harness.seqsOf('one').length === 1, 'the row');
    harness.journalFaults.isDown = true;
    await harness.add('one', [2]);
    await harness.untilTotals(2);
    harness.journalFaults.isDown = false;
    const { events = [] } = await explain('add', homeOf('one'), 1);
    assert.deepEqual(
      events.map(({ isJournaled }) => isJournaled),
      [false],
    );
  });

  test('the events of any of thousands of records are found', async () => {
    await harness.startNode('a');
    const home = homeOf('one');
    for (let round = 0; round < 4; round++) {
      await harness.add(
        'one',
        Array.from({ length: 500 }, () => 1),
      );
      await harness.ask('one', 2);
    }
    await harness.untilTotals(2_000);
    for (const offset of [0, 1, 777, 1_000, 1_999]) {
      const { events } = await explain('add', home, offset);
      assert.deepEqual(
        events?.map(({ seq }) => seq),
        [offset],
        `offset ${offset}`,
      );
    }
  });

  test('a record without an event is told with its answer', async () => {
    await harness.startNode('a');
    await harness.add('one', [5]);
    await harness.untilTotals(1);
    await harness.ask('one', 1);
    await harness.untilCount('answers', 1);
    const told = await explain('ask', homeOf('one'), 0);
    assert.deepEqual(told.events, []);
    assert.deepEqual(
      told.outputs?.map(({ topic, offset }) => [topic, offset]),
      [['answers', 0]],
    );
    assert.match(told.sentences[0] ?? '', /answered without an event/);
  });

  test('a record that was refused is told with its dead letter', async () => {
    await harness.startNode('a');
    const records = [{ key: Buffer.from('one'), value: Buffer.from('{}'), headers: [] }];
    await harness.send('add', 'one', records);
    await harness.untilCount('dead', 1);
    const told = await explain('add', homeOf('one'), 0);
    assert.deepEqual(
      [told.deadLetter?.topic, told.deadLetter?.offset, told.deadLetter?.code],
      ['dead', 0, 'invalid'],
    );
    assert.match(told.sentences[0] ?? '', /refused \(invalid\): id and add are needed/);
  });

  test('a record on another partition is told with the life of its copy at home', async () => {
    await harness.startNode('a');
    const home = homeOf('one');
    const elsewhere = (home + 1) % harness.partitionCount;
    await harness.add('one', [7], elsewhere);
    await harness.untilTotals(1);
    const told = await explain('add', elsewhere, 0);
    assert.equal(told.state, 'forwarded');
    assert.deepEqual(told.home?.record, { topic: 'add', partition: home, offset: 0 });
    assert.deepEqual(told.home?.forwardedFrom, { topic: 'add', partition: elsewhere, offset: 0 });
    assert.deepEqual(
      told.home?.events?.map(({ seq }) => seq),
      [0],
    );
  });

  test('a record that its entity’s code threw on is parked', async () => {
    await harness.startNode('a');
    await harness.add('one', [13]);
    await harness.untilCount('quarantine', 1);
    const told = await explain('add', homeOf('one'), 0);
    assert.deepEqual(
      told.events?.map(({ isParked }) => isParked),
      [true],
    );
    assert.match(told.sentences[0] ?? '', /parked/);
  });

  test('a record that nobody has decided waits, and what is before it is counted', async () => {
    await harness.add('one', [1, 2]);
    const told = await explain('add', homeOf('one'), 1);
    assert.deepEqual([told.state, told.recordsBefore], ['waiting', 1]);
  });

  test('a record in a partition that was added is told to be in one that nobody consumes', async () => {
    await harness.startNode('a');
    harness.broker.growTopic('add', harness.partitionCount + 2);
    await harness.add('one', [1], harness.partitionCount + 1);
    const told = await explain('add', harness.partitionCount + 1, 0);
    assert.deepEqual([told.state, told.recordsBefore], ['waiting', undefined]);
    assert.match(told.sentences[0] ?? '', /not consumed: entities are placed over 4 partitions/);
  });

  test('a record that is not there is an answer, which says why', async () => {
    await harness.add('one', [1]);
    const home = homeOf('one');
    assert.match((await explain('add', home, 5)).sentences[0] ?? '', /nothing was written there/);
    assert.match((await explain('add', 99, 0)).sentences[0] ?? '', /has 4 partitions/);
    assert.match((await explain('totals', 0, 0)).sentences[0] ?? '', /no input of counter/);
  });
});
