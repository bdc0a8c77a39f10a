import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '@chat-cluster/kernel';
import type { TransactionResult } from '../transactional-producer.ts';
import { CaseWorker, offsetOf, writeOf } from './case-worker.ts';
import { recordOf, textOf, type CaseTopic, type ContractCase } from './contract-case.ts';
import type { ContractTest } from './contract-cluster.ts';

/** What must hold when connections break at any moment. Registered for clusters that can break them. */
export function lostAnswerTests(test: ContractTest): void {
  test('whenever connections break, a transaction is there once if it is said to be, and else not at all', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const worker = await CaseWorker.open(c, [topic]);
    const log = c.openLog();
    const { transactionalId, groupId, generation } = worker;
    let producer = await log.openTransactionalProducer({ transactionalId });
    const stopBreaking = breakNowAndThen(c, log);
    const outcomes: Outcome[] = [];
    const count = (isCommitted: boolean): number =>
      outcomes.filter(({ outcome }) => (outcome === 'committed') === isCommitted).length;
    for (let round = 0; count(true) < COMMITTED_MIN || count(false) < FAILED_MIN; round += 1) {
      const writes = topic.all().map((at) => writeOf(at, `${round}`));
      const offsets = topic.all().map((at) => offsetOf(at, round, `${round}`));
      const { outcome } = await producer.commit({ writes, offsets, groupId, generation });
      outcomes.push({ text: `${round}`, outcome });
      if (outcome === 'fenced') {
        producer = await c.eventually(() => log.openTransactionalProducer({ transactionalId }));
      }
    }
    await stopBreaking();
    await assertHolds(c, { topic, groupId, outcomes });
  });

  test('whenever connections break, what was sent is there once and in its order', async (c) => {
    const at = (await c.topic()).at(0);
    const log = c.openLog();
    const producer = log.openProducer();
    const stopBreaking = breakNowAndThen(c, log);
    const texts = Array.from({ length: ROUND_COUNT }, (_, index) => `${index}`);
    const offsets = [];
    for (const text of texts) offsets.push(await producer.send(at, [recordOf(text)]));
    await stopBreaking();
    assert.deepEqual(
      offsets,
      texts.map((_, index) => index),
    );
    const reader = await c.openReader().add(at).reached(at, texts.length);
    assert.deepEqual(reader.records().map(textOf), texts);
  });

  test('whenever connections break, a reader gets every record once and in its order', async (c) => {
    const at = (await c.topic()).at(0);
    const log = c.openLog();
    const reader = c.openReader({ waitMaxMs: 50 }, log).add(at);
    const stopBreaking = breakNowAndThen(c, log);
    const texts = Array.from({ length: ROUND_COUNT }, (_, index) => `${index}`);
    const producer = c.log.openProducer();
    for (const text of texts) await producer.send(at, [recordOf(text)]);
    await reader.reached(at, texts.length);
    await stopBreaking();
    assert.deepEqual(reader.records().map(textOf), texts);
    assert.deepEqual(reader.errors, []);
  });

  test('a member whose connections break goes on, or joins again by itself', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const log = c.openLog();
    const worker = await CaseWorker.open(c, [topic], { log });
    for (let count = 0; count < 5; count += 1) {
      c.cluster.breakConnections?.(log);
      await c.eventually(() => worker.member.member.confirm());
      await worker.member.owns(0, 1);
    }
  });
}

const ROUND_COUNT = 40;
const COMMITTED_MIN = 20;
const FAILED_MIN = 5;
const SEED = 4711;
/** Breaks come up to 1, 2, 4, … 512 ms after each other, again and again: some in the midst of things, some late enough, however fast the cluster is. */
const BREAK_PAUSE_DOUBLINGS = 10;

/** Breaks them, at random moments, until it is told to stop. */
function breakNowAndThen(c: ContractCase, log: CaseLog): () => Promise<void> {
  const random = seededRandom(SEED);
  const stopping = new AbortController();
  const { signal } = stopping;
  const breaking = (async (): Promise<void> => {
    for (let count = 0; !signal.aborted; count += 1) {
      await delay(random.below(2 ** (count % BREAK_PAUSE_DOUBLINGS)) + 1);
      c.cluster.breakConnections?.(log);
    }
  })();
  const stop = (): Promise<void> => {
    stopping.abort();
    return breaking;
  };
  c.atEnd(stop);
  return stop;
}

type CaseLog = ContractCase['log'];

/** `fenced` says that nobody knows. */
type Outcome = { readonly text: string; readonly outcome: TransactionResult['outcome'] };

async function assertHolds(
  c: ContractCase,
  ended: {
    readonly topic: CaseTopic;
    readonly groupId: string;
    readonly outcomes: readonly Outcome[];
  },
): Promise<void> {
  const { topic, groupId, outcomes } = ended;
  const reader = c.openReader();
  for (const at of topic.all()) {
    await c.send(at, 'end');
    reader.add(at);
    await reader.until(() => reader.records(at).some((record) => textOf(record) === 'end'));
  }
  const seen = reader.records(topic.at(0)).map(textOf);
  assert.deepEqual(reader.records(topic.at(1)).map(textOf), seen, 'All of it, or nothing.');
  const possible = outcomes.filter(
    ({ text, outcome }) => outcome === 'committed' || (outcome === 'fenced' && seen.includes(text)),
  );
  assert.deepEqual(seen, [...possible.map(({ text }) => text), 'end']);
  const last = { offset: Number(possible.at(-1)!.text), metadata: possible.at(-1)!.text };
  const partitions = topic.all();
  const committed = await c.eventually(() => c.log.admin.committedOffsets({ groupId, partitions }));
  assert.deepEqual(committed, [last, last]);
}
