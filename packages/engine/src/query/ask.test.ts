import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness } from '../engine-harness.ts';
import type { AskOutcome } from '../routing/entity-owner.ts';
import { ownerOf } from '../routing/shard-map.ts';
import { ask, disturb, heal, play, questionOf } from './ask-harness.ts';

const TOPIC_ID = '00000000-0000-4000-8000-000000000001';

async function answered(harness: EngineHarness, asked: { outcome?: AskOutcome }) {
  await harness.until(() => asked.outcome !== undefined, 'an answer');
  assert.ok(asked.outcome?.kind === 'answered', JSON.stringify(asked.outcome));
  const { answer, ...rest } = asked.outcome.answer;
  const value: unknown = JSON.parse(Buffer.from(answer).toString());
  return { value, ...rest };
}

test('an answer has its position and its place among the events, and says who gave it', async () => {
  const { harness, node } = await play();
  await harness.add('x', [1, 2]);
  await harness.add('y', [5]);
  await harness.untilTotals(3);
  const { positions, ...rest } = await answered(harness, ask(node));
  assert.deepEqual(rest, { value: { id: 'x', total: 3 }, seqNext: 2, worker: 'a' });
  assert.deepEqual(
    positions.map(({ topic, partition, offsetNext }) => [topic, partition, offsetNext]),
    [
      ['control', 0, 0],
      ['add', 0, 3],
      ['ask', 0, 0],
    ],
  );
});

test('an entity that nobody has heard of is in its initial state', async () => {
  const { harness, node } = await play();
  const { value, seqNext } = await answered(harness, ask(node));
  assert.deepEqual([value, seqNext], [{ id: 'x', total: 0 }, 0]);
});

test('while its shard is taken over a question waits, and is answered from what the one before left', async () => {
  const { harness, node } = await play();
  await harness.add('x', [1, 2]);
  await harness.untilTotals(2);
  await harness.settle(node.worker().stop());
  disturb(harness, 'OffsetFetch', { kind: 'delay', delayMs: 900 });
  const second = await harness.startNode('b');
  const asked = ask(second);
  assert.equal(second.worker().shards()[0]?.phase, 'taking-over');
  const { value } = await answered(harness, asked);
  assert.deepEqual(value, { id: 'x', total: 3 });
});

test('when the tenure ends while it is taken over, and for a shard of another worker, the answer is who owns it', async () => {
  const { harness, node } = await play({ partitionCount: 2 });
  const other = await harness.startNode('b');
  await harness.until(() => other.worker().shards().length === 1, 'one shard each');
  const entityId = ['x', 'y', 'z', 'u'].find(
    (id) => homePartition(Buffer.from(id), 2) === other.worker().shards()[0]?.shard,
  )!;
  const asked = ask(node, { entityId });
  await harness.pass(1);
  assert.ok(asked.outcome?.kind === 'not-owner' && asked.outcome.map !== undefined);
  const owner = ownerOf(asked.outcome.map, homePartition(Buffer.from(entityId), 2));
  assert.deepEqual([owner?.name, owner?.endpoint], ['b', 'b:1']);
  disturb(harness, 'OffsetFetch', { kind: 'delay', delayMs: 900 });
  await harness.settle(other.worker().stop());
  await harness.until(() => node.worker().shards().length === 2, 'both shards');
  const waiting = ask(node, { entityId });
  assert.equal(waiting.outcome, undefined);
  const stopping = node.worker().stop();
  await harness.pass(1);
  assert.equal((waiting.outcome as AskOutcome | undefined)?.kind, 'not-owner');
  await harness.settle(stopping);
});

test('a question waits until the records before its position are decided', async () => {
  const { harness, node } = await play();
  const including = { topic: 'add', topicId: TOPIC_ID, partition: 0, offsetNext: 2 };
  const asked = ask(node, { including });
  await harness.add('x', [1]);
  await harness.pass(500);
  assert.equal(asked.outcome, undefined);
  await harness.add('x', [2]);
  const { value } = await answered(harness, asked);
  assert.deepEqual(value, { id: 'x', total: 3 });
});

test('a position that is none of the entity’s is refused', async () => {
  const { harness, node } = await play({ partitionCount: 2 });
  const partition = homePartition(Buffer.from('x'), 2);
  const right = { topic: 'add', topicId: TOPIC_ID, partition, offsetNext: 0 };
  const wrong = [
    { ...right, topic: 'totals' },
    { ...right, topicId: 'another' },
    { ...right, partition: 1 - partition },
    { ...right, offsetNext: -1 },
    { ...right, offsetNext: 0.5 },
  ];
  for (const including of wrong) {
    const refused = ask(node, { including });
    await harness.pass(1);
    const { outcome } = refused;
    assert.ok(outcome?.kind === 'refused' && outcome.code === 'invalid-position');
    assert.match(outcome.reason, /\w+ .*\./);
  }
});

test('entities that are not in memory are recovered, many in one read', async () => {
  const { harness, node } = await play({ limits: { entityIdleMs: 100, journalGatherMs: 1 } });
  const ids = Array.from({ length: 20 }, (_, index) => `id-${index}`);
  for (const id of ids) await harness.add(id, [7]);
  await harness.untilTotals(20);
  await harness.pass(3_000);
  assert.equal(node.worker().shards()[0]?.entityCount, 0);
  harness.journalFaults.delayMs = 100;
  const beganMs = harness.timers.clock.monotonicMs();
  const asked = ids.map((entityId) => ask(node, { entityId }));
  for (const each of asked) {
    assert.deepEqual((await answered(harness, each)).seqNext, 1);
  }
  assert.ok(harness.timers.clock.monotonicMs() - beganMs < 300);
});

test('while the journal is away a question waits for it', async () => {
  const { harness, node } = await play();
  harness.journalFaults.isDown = true;
  const asked = ask(node);
  await harness.pass(3_000);
  assert.equal(asked.outcome, undefined);
  harness.journalFaults.heal();
  await answered(harness, asked);
});

test('an answer is as of the question, and given when what it shows has committed', async () => {
  const { harness, node } = await play();
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  disturb(harness, 'EndTxn');
  await harness.add('x', [2]);
  await harness.pass(200);
  const [asked, other] = [ask(node), ask(node, { entityId: 'y' })];
  await harness.pass(400);
  assert.equal(asked.outcome, undefined);
  assert.equal(other.outcome?.kind, 'answered');
  await harness.add('x', [4]);
  await harness.pass(200);
  heal(harness);
  const { value, seqNext } = await answered(harness, asked);
  assert.deepEqual([value, seqNext], [{ id: 'x', total: 3 }, 2]);
});

test('what did not commit was never answered: the tenure ends, and the answer is thrown away', async () => {
  const { harness, node } = await play();
  disturb(harness, 'EndTxn');
  await harness.add('x', [2]);
  await harness.pass(200);
  const asked = ask(node);
  await harness.pass(200);
  assert.equal(asked.outcome, undefined);
  harness.broker.network.cut(node.log.clientName);
  await harness.until(() => asked.outcome !== undefined, 'an end');
  assert.equal((asked.outcome as AskOutcome | undefined)?.kind, 'not-owner');
});

test('without a lease nothing is answered: it waits for a heartbeat', async () => {
  const { harness, node } = await play();
  await answered(harness, ask(node));
  disturb(harness, 'Heartbeat');
  await harness.pass(1_300);
  const asked = ask(node);
  await harness.pass(1_000);
  assert.equal(asked.outcome, undefined);
  heal(harness);
  await answered(harness, asked);
});

test('after a crash the next owner answers nothing for one lease, and processes at once', async () => {
  const { harness, node } = await play();
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  node.die();
  const next = await harness.startNode('b');
  const assignedMs = harness.timers.clock.monotonicMs();
  await harness.add('x', [2]);
  await harness.untilTotals(2);
  const decidedMs = harness.timers.clock.monotonicMs();
  const asked = ask(next);
  await answered(harness, asked);
  assert.ok(decidedMs - assignedMs < 500);
  assert.ok(harness.timers.clock.monotonicMs() - assignedMs >= 950);
});

test('who is given a shard by its owner answers at once', async () => {
  const { harness, node } = await play({ partitionCount: 2 });
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  const next = await harness.startNode('b');
  const beganMs = harness.timers.clock.monotonicMs();
  await harness.until(() => next.worker().shards()[0]?.phase === 'running', 'a shard');
  const shard = next.worker().shards()[0]?.shard;
  const entityId = ['x', 'y', 'z', 'u'].find((id) => homePartition(Buffer.from(id), 2) === shard)!;
  await answered(harness, ask(next, { entityId }));
  assert.ok(harness.timers.clock.monotonicMs() - beganMs < 500);
  assert.equal(node.worker().shards().length, 1);
});

test('current waits for a heartbeat that is sent after the question', async () => {
  const { harness, node } = await play();
  await answered(harness, ask(node));
  let sentCount = 0;
  harness.broker.network.faults = {
    decide: ({ api }) => {
      if (api === 'Heartbeat') sentCount += 1;
      return { kind: 'pass' };
    },
  };
  await answered(harness, ask(node));
  assert.equal(sentCount, 0);
  const both = [ask(node, { isCurrent: true }), ask(node, { isCurrent: true })];
  for (const asked of both) await answered(harness, asked);
  assert.equal(sentCount, 1);
  disturb(harness, 'Heartbeat');
  const asked = ask(node, { isCurrent: true });
  await harness.pass(500);
  assert.equal(asked.outcome, undefined);
  heal(harness);
  await answered(harness, asked);
});

test('who stops waiting is told why, and nothing of the question is left, wherever it was', async () => {
  const { harness, node } = await play({ limits: { questionsMax: 3 } });
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  disturb(harness, 'Heartbeat');
  await harness.pass(1_300);
  const including = { topic: 'add', topicId: TOPIC_ID, partition: 0, offsetNext: 99 };
  harness.journalFaults.isDown = true;
  const asked = [ask(node), ask(node, { including }), ask(node, { entityId: 'cold' })];
  await harness.pass(100);
  const more = ask(node);
  await harness.pass(1);
  assert.ok(more.outcome?.kind === 'refused' && more.outcome.code === 'overloaded');
  for (const each of asked) each.abort();
  await harness.pass(1);
  for (const { error } of asked) assert.match(String(error), /enough/);
  const late = ask(node);
  await harness.pass(1);
  assert.deepEqual([late.outcome, late.error], [undefined, undefined]);
  await assert.rejects(
    node.worker().ask(questionOf(), AbortSignal.abort(new Error('before'))),
    /before/,
  );
  heal(harness);
  await answered(harness, late);
});

test('a question that cannot be answered is refused with a sentence, and harms nobody', async () => {
  const { harness, node } = await play();
  const outcomes = [
    [{ entityId: '' }, 'invalid-entity-id'],
    [{ asks: 'the way' }, 'invalid-question'],
    [{ question: Buffer.from('no JSON') }, 'invalid-question'],
    [{ asks: 0 }, 'invalid-question'],
  ] as const;
  for (const [changes, code] of outcomes) {
    const asked = ask(node, changes);
    await harness.until(() => asked.outcome !== undefined, code);
    assert.ok(asked.outcome?.kind === 'refused' && asked.outcome.code === code, code);
    assert.match(asked.outcome.reason, /\w+ .*\./);
  }
  await answered(harness, ask(node));
  assert.equal(node.worker().shards()[0]?.phase, 'running');
});

test('an entity whose code throws while it is built cannot be read', async () => {
  const { harness, node } = await play();
  harness.counter.isBroken = false;
  await harness.add('x', [14]);
  await harness.untilTotals(1);
  await harness.pass(1_000);
  await harness.settle(node.worker().stop());
  harness.counter.isBroken = true;
  const next = await harness.startNode('b');
  const asked = ask(next);
  await harness.until(() => asked.outcome !== undefined, 'an answer');
  assert.ok(asked.outcome?.kind === 'refused' && asked.outcome.code === 'unreadable-state');
});

test('an answer may ask for history, from journal and backlog, and waits for a journal that is away', async () => {
  const { harness, node } = await play();
  await harness.add('x', [1, 2, 3]);
  await harness.untilTotals(3);
  await harness.pass(1_000);
  harness.journalFaults.isDown = true;
  await harness.add('x', [4]);
  await harness.untilTotals(4);
  const asked = ask(node, { asks: 3 });
  await harness.pass(500);
  assert.equal(asked.outcome, undefined);
  harness.journalFaults.heal();
  assert.deepEqual((await answered(harness, asked)).value, { sum: 9 });
});

test('a worker tells its map when its shards go with it, and keeps the last one when it has left', async () => {
  const { harness, node } = await play({ partitionCount: 2 });
  const told: number[] = [];
  const stop = node.worker().onMap(({ owners, members }) => {
    const own = members.findIndex(({ name }) => name === 'a');
    const held = node
      .worker()
      .shards()
      .map(({ shard }) => shard);
    for (const [shard, owner] of owners.entries()) {
      if (owner === own) assert.ok(held.includes(shard));
    }
    told.push(members.length);
  });
  const next = await harness.startNode('b');
  await harness.until(() => next.worker().shards().length === 1, 'a shard');
  stop();
  assert.ok(told.length >= 2 && told.every((count) => count === 2), told.join());
  const map = next.worker().map();
  assert.deepEqual(node.worker().map(), map);
  for (const [worker, index] of [
    [node.worker(), 0],
    [next.worker(), 1],
  ] as const) {
    assert.ok(worker.isMember(map?.members[index]?.memberId ?? ''));
    assert.ok(!worker.isMember(map?.members[1 - index]?.memberId ?? ''));
  }
  await harness.settle(next.worker().stop());
  assert.deepEqual(next.worker().map(), map);
  assert.deepEqual([node.worker().entityType, node.worker().shardCount], ['counter', 2]);
});
