import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom, sleep, type Random } from '@chat-cluster/kernel';
import type { MemoryLog } from './memory-log.ts';
import type { MemoryFault } from './memory-network.ts';
import { MemoryRun, recordOf } from './memory-run.ts';
import type { TransactionalProducer, TransactionResult } from './transactional-producer.ts';

const PARTITION_COUNT = 2;
const TRANSACTION_COUNT = 25;
const FAULT_ONE_IN = 6;

/** What a process knows of each of its transactions. */
type Attempt = { readonly text: string; readonly outcome: TransactionResult['outcome'] };

/** One run of two processes that write to the same partitions over a network that delays, drops and repeats what it likes. */
async function play(seed: number): Promise<{ run: MemoryRun; attempts: Attempt[][] }> {
  const random = seededRandom(seed);
  const run = new MemoryRun({
    network: { hopDelayMs: () => random.below(4), requestTimeoutMs: 50, faults: faultsOf(random) },
    markerDelayMs: () => random.below(10),
  });
  run.broker.createTopic({ topic: 'out', partitionCount: PARTITION_COUNT });
  run.broker.createTopic({ topic: 'in', partitionCount: PARTITION_COUNT });
  const attempts = await run.settle(
    Promise.all(['a', 'b'].map((name) => work(run, { name, log: run.openLog(name) }))),
  );
  run.broker.network.faults = { decide: () => ({ kind: 'pass' }) };
  await run.pass(60_000); // what is late arrives
  return { run, attempts };
}

function faultsOf(random: Random): { decide: () => MemoryFault } {
  return {
    decide: () => {
      if (random.below(FAULT_ONE_IN) > 0) return { kind: 'pass' };
      const kind = (['drop-request', 'drop-answer', 'delay'] as const)[random.below(3)]!;
      if (kind === 'delay') return { kind, delayMs: random.below(200) };
      return { kind, noticedAfterMs: random.below(60) };
    },
  };
}

async function work(
  run: MemoryRun,
  { name, log }: { name: string; log: MemoryLog },
): Promise<Attempt[]> {
  const open = async (): Promise<TransactionalProducer> => {
    for (;;) {
      try {
        return await log.openTransactionalProducer({ transactionalId: name });
      } catch {
        await sleep(run.timers, 10);
      }
    }
  };
  let producer = await open();
  const attempts: Attempt[] = [];
  for (let count = 0; count < TRANSACTION_COUNT; count += 1) {
    const text = `${name}${count}`;
    const partitions = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition);
    const { outcome } = await producer.commit({
      groupId: name,
      generation: await generationOf(run, name),
      writes: partitions.map((partition) => ({
        topic: 'out',
        partition,
        records: [recordOf(text)],
      })),
      offsets: partitions.map((partition) => ({
        topic: 'in',
        partition,
        offsetNext: count,
        metadata: text,
      })),
    });
    attempts.push({ text, outcome });
    if (outcome === 'fenced') producer = await open();
  }
  return attempts;
}

const members = new WeakMap<MemoryRun, Map<string, { memberId: string; generationId: number }>>();

/** Joins a group of its own, at the broker itself: this is not about groups. */
async function generationOf(run: MemoryRun, groupId: string) {
  const known = members.get(run) ?? new Map<string, { memberId: string; generationId: number }>();
  members.set(run, known);
  const generation = known.get(groupId) ?? (await joinAlone(run, groupId));
  known.set(groupId, generation);
  return generation;
}

async function joinAlone(run: MemoryRun, groupId: string) {
  const request = {
    memberId: '',
    clientHost: groupId,
    protocolName: 'p',
    topics: ['in'],
    userData: new Uint8Array(),
    ownedPartitions: [],
    ownedGenerationId: -1,
    sessionTimeoutMs: 2_000_000_000,
    rebalanceTimeoutMs: 1_000,
  };
  const group = run.broker.group(groupId);
  const first = await group.join(request);
  assert.ok(first.kind === 'member-id-required');
  const joined = await group.join({ ...request, memberId: first.memberId });
  assert.ok(joined.kind === 'joined');
  const { generation } = joined;
  const assignment = { partitions: [], userData: new Uint8Array() };
  await group.sync({ generation, assignments: new Map([[generation.memberId, assignment]]) });
  return generation;
}

test('whatever the network does, what is said to be committed is there once, in order and in every partition, and what is said to be aborted nowhere', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const { run, attempts } = await play(seed);
      for (const [index, name] of ['a', 'b'].entries()) {
        const own = attempts[index]!;
        const seen = (await run.texts({ topic: 'out', partition: 0 })).filter((text) =>
          text.startsWith(name),
        );
        // Of a fenced one nobody knows; but what there is of it is the same everywhere.
        const expected = own.filter(
          ({ text, outcome }) =>
            outcome === 'committed' || (outcome === 'fenced' && seen.includes(text)),
        );
        assert.deepEqual(
          seen,
          expected.map(({ text }) => text),
        );
        const other = await run.texts({ topic: 'out', partition: 1 });
        assert.deepEqual(
          other.filter((text) => text.startsWith(name)),
          seen,
        );
        const committed = run.broker.stableOffsets(name, [{ topic: 'in', partition: 0 }]);
        assert.equal(committed[0]?.metadata, seen.at(-1));
      }
    }),
    { numRuns: 40 },
  );
});

test('a run repeats itself from its seed', async () => {
  const trace = async (): Promise<unknown> => {
    const { run, attempts } = await play(7);
    const texts = await run.texts({ topic: 'out', partition: 0 });
    return { calls: run.calls, nowMs: run.nowMs, attempts, texts };
  };
  assert.deepEqual(await trace(), await trace());
});
