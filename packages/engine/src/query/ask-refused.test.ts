import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineHarness } from '../engine-harness.ts';
import type { AskOutcome } from '../routing/entity-owner.ts';
import { ask, disturb, heal, play } from './ask-harness.ts';

function codeOf({ outcome }: { outcome?: AskOutcome }): string | undefined {
  return outcome?.kind === 'refused' ? outcome.code : outcome?.kind;
}

function valueOf({ outcome }: { outcome?: AskOutcome }): unknown {
  assert.ok(outcome?.kind === 'answered', JSON.stringify(outcome));
  return JSON.parse(Buffer.from(outcome.answer.answer).toString());
}

test('a refusal is made from the state, and goes out when that has committed', async () => {
  const { harness, node } = await play();
  disturb(harness, 'EndTxn');
  await harness.add('x', [2]);
  await harness.pass(200);
  const asked = ask(node, { asks: 'the way' });
  await harness.pass(400);
  assert.equal(asked.outcome, undefined);
  heal(harness);
  await harness.until(() => asked.outcome !== undefined, 'a refusal');
  assert.equal(codeOf(asked), 'invalid-question');
});

test('without a lease nothing is refused that the state decides, whatever the state is', async () => {
  const { harness, node } = await play();
  harness.counter.isBroken = false;
  await harness.add('x', [14]);
  await harness.untilTotals(1);
  await harness.pass(1_000);
  await harness.settle(node.worker().stop());
  harness.counter.isBroken = true;
  const next = await harness.startNode('b');
  await harness.pass(2_000);
  disturb(harness, 'Heartbeat');
  await harness.pass(1_300);
  const asked = ask(next, { asks: 'total' });
  await harness.pass(1_000);
  assert.equal(asked.outcome, undefined);
  heal(harness);
  await harness.until(() => asked.outcome !== undefined, 'a refusal');
  assert.equal(codeOf(asked), 'unreadable-state');
});

test('a refusal that is to be current waits for a heartbeat, too', async () => {
  const { harness, node } = await play();
  disturb(harness, 'Heartbeat');
  const asked = ask(node, { asks: 'the way', isCurrent: true });
  await harness.pass(500);
  assert.equal(asked.outcome, undefined);
  heal(harness);
  await harness.until(() => asked.outcome !== undefined, 'a refusal');
  assert.equal(codeOf(asked), 'invalid-question');
});

test('an entity that has to be built anew, and is held by a read, is waited for', async () => {
  const { harness, node } = await play();
  await harness.add('x', [1, 2]);
  await harness.untilTotals(2);
  await harness.pass(1_000);
  harness.journalFaults.delayMs = 500;
  await harness.ask('x', 2);
  await harness.pass(50);
  await harness.add('x', [14]);
  await harness.until(() => node.worker().counters.parked === 1, 'a parked record');
  const asked = ask(node, { asks: 'total' });
  await harness.pass(50);
  assert.equal(asked.outcome, undefined);
  await harness.until(() => asked.outcome !== undefined, 'an answer');
  assert.deepEqual(valueOf(asked), { id: 'x', total: 3 });
});

test('a question that asks for more history than may be held is refused', async () => {
  const { harness, node } = await play({ limits: { questionHistoryBytesMax: 100 } });
  await harness.add('x', [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await harness.untilTotals(9);
  await harness.pass(1_000);
  const [few, many] = [ask(node, { asks: 2 }), ask(node, { asks: 9 })];
  await harness.pass(100);
  assert.deepEqual(valueOf(few), { sum: 17 });
  assert.equal(codeOf(many), 'invalid-question');
  assert.match(JSON.stringify(many.outcome), /More than 100 bytes of history/);
});

test('few questions read history at a time, and those that nobody waits for leave the line', async () => {
  let readsUnderWay = 0;
  let readsMax = 0;
  let readCount = 0;
  const harness = new EngineHarness({ partitionCount: 1, limits: { historyReadConcurrency: 2 } });
  const node = await harness.startNode('a', {
    journal: (journal) => {
      const read = journal.readEventsBefore.bind(journal);
      journal.readEventsBefore = async (...query) => {
        readsMax = Math.max(readsMax, (readsUnderWay += 1));
        readCount += 1;
        return read(...query).finally(() => (readsUnderWay -= 1));
      };
      return journal;
    },
  });
  await harness.add('x', [1, 2, 3]);
  await harness.untilTotals(3);
  await harness.pass(2_000);
  harness.journalFaults.delayMs = 100;
  const asked = Array.from({ length: 6 }, () => ask(node, { asks: 2 }));
  const left = Array.from({ length: 4 }, () => ask(node, { asks: 2 }));
  const last = ask(node, { asks: 2 });
  await harness.pass(50);
  for (const each of left) each.abort();
  await harness.until(() => last.outcome !== undefined, 'the last answer');
  for (const each of [...asked, last]) assert.deepEqual(valueOf(each), { sum: 5 });
  assert.deepEqual(left.map(codeOf), [undefined, undefined, undefined, undefined]);
  assert.deepEqual([readsMax, readCount], [2, 7]);
});
