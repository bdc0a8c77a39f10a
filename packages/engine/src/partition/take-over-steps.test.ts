import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryJournal } from '@chat-cluster/journal';
import type { Generation, GroupMember } from '@chat-cluster/log';
import { ByteBudget } from '../backlog/byte-budget.ts';
import { EngineHarness } from '../engine-harness.ts';
import { defaultEngineLimits } from '../engine-limits.ts';
import { EngineTopics } from '../engine-topics.ts';
import { TakeOver, TenureEndedError } from './take-over.ts';
import { Tenure } from './tenure.ts';

const GENERATION_ID = 5;

/** A member that does nothing but confirm, as it is told to. */
class ScriptedMember implements GroupMember {
  confirmCount = 0;
  /** What a heartbeat finds, the first time, the second time, and so on. */
  answer: (count: number) => number = () => GENERATION_ID;

  confirm(): Promise<Generation> {
    this.confirmCount += 1;
    return Promise.resolve({ memberId: 'm', generationId: this.answer(this.confirmCount) });
  }

  current(): Generation {
    return { memberId: 'm', generationId: GENERATION_ID };
  }

  lastConfirmedMs(): number {
    return 0;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }

  rejoin(): void {}

  abandon(): void {}
}

/** The taking over of a shard that nobody has had before. */
async function newTakeOver() {
  const harness = new EngineHarness({ partitionCount: 1 });
  const names = {
    ...{ events: 'counter_events', control: 'control' },
    ...{ quarantine: 'quarantine', deadLetters: 'dead' },
  };
  const inputs = ['add', 'ask'];
  const described = await harness.settle(
    harness.outside.admin.describeTopics([...Object.values(names), ...inputs]),
  );
  const found = described.filter((topic) => topic !== undefined);
  const { broker, store, timers } = harness;
  const member = new ScriptedMember();
  const backlogBudget = new ByteBudget({ name: 'backlog', bytesMax: 1_000 });
  const takeOver = new TakeOver({
    log: harness.outside,
    journal: new MemoryJournal({ timers: broker.timers, store }),
    member,
    topics: new EngineTopics({ names, inputs, found }),
    entityType: 'counter',
    groupId: 'counters',
    timers,
    report: () => {},
    backlogBudget,
    limits: defaultEngineLimits,
    memberNames: () => [],
    commitStart: () => Promise.resolve(),
  });
  const tenure = new Tenure({ partition: 0, generationId: GENERATION_ID });
  return { harness, member, backlogBudget, takeOver, tenure };
}

/** Somebody has committed an offset of this group: the shard must be stopped. */
function spoil({ admin }: EngineHarness['outside']): Promise<void> {
  const offsets = [{ topic: 'add', partition: 0, offset: 7, metadata: 'not ours' }];
  return admin.resetOffsets({ groupId: 'counters', offsets });
}

test('a heartbeat of another generation than the tenure’s confirms nothing', async () => {
  const { harness, member, takeOver, tenure } = await newTakeOver();
  member.answer = (count) => (count < 3 ? GENERATION_ID - 1 : GENERATION_ID);
  await harness.settle(takeOver.take(tenure));
  assert.equal(member.confirmCount, 3);
});

test('who finds that a shard must be stopped judges it only after a heartbeat', async () => {
  const { harness, member, takeOver, tenure } = await newTakeOver();
  await harness.settle(spoil(harness.outside));
  await assert.rejects(harness.settle(takeOver.take(tenure)), { code: 'foreign-offsets' });
  assert.equal(member.confirmCount, 1);
});

test('who is not the owner any more stops no shard, whatever it has read', async () => {
  const { harness, member, takeOver, tenure } = await newTakeOver();
  await harness.settle(spoil(harness.outside));
  member.answer = () => {
    tenure.apply('lost');
    return GENERATION_ID;
  };
  await assert.rejects(harness.settle(takeOver.take(tenure)), TenureEndedError);
});

test('a shard is not taken over while the backlog is full', async () => {
  const { harness, backlogBudget, takeOver, tenure } = await newTakeOver();
  backlogBudget.take(1_000);
  let isTaken = false;
  const taking = takeOver.take(tenure).then(() => (isTaken = true));
  await harness.pass(2_000);
  assert.equal(isTaken, false);
  backlogBudget.take(-1);
  await harness.settle(taking);
});

test('an event topic that ends before the journal’s position has been cut: the shard is stopped', async () => {
  const { harness, takeOver, tenure } = await newTakeOver();
  const [events] = await harness.settle(harness.outside.admin.describeTopics(['counter_events']));
  const eventTopicId = events?.topicId ?? '';
  harness.store.placeShard('counter', { shard: 0, eventTopicId, inputTopicIds: {} });
  const positions = [{ shard: 0, offset: 100, eventNumber: 0 }];
  harness.store.append({ entityType: 'counter', rows: [], positions }, 'everything');
  await assert.rejects(harness.settle(takeOver.take(tenure)), { code: 'event-topic-changed' });
});
