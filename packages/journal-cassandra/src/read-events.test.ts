import assert from 'node:assert/strict';
import { test } from 'node:test';
import { types } from 'cassandra-driver';
import fc from 'fast-check';
import { EVENTS_PER_BUCKET, SEQ_MAX } from '@chat-cluster/journal';
import { FakeClient, type SentRequest } from './fake-client.ts';
import { readEvents } from './read-events.ts';
import { RUN_EVENTS_MAX } from './runs.ts';
import { scan } from './scan.ts';

/** Cassandra with so many events of each entity. */
function withEvents(counts: Readonly<Record<string, number>>): FakeClient {
  return new FakeClient(({ statements: [statement] }) => {
    const { query = '', params = [] } = statement ?? {};
    if (query.startsWith('SELECT DISTINCT')) return { rows: bucketsOf(counts) };
    const [, entityIds, , seqFrom, seqTo] = params as [string, string[], number, bigint, bigint];
    const rows = entityIds.flatMap((entityId) => {
      const seqEnd = Math.min(Number(seqTo), counts[entityId] ?? 0);
      const length = Math.max(0, seqEnd - Number(seqFrom));
      return Array.from({ length }, (_, index) => storedRow(entityId, Number(seqFrom) + index));
    });
    return { rows };
  });
}

/** Later buckets first: Cassandra's order is its own. */
function bucketsOf(counts: Readonly<Record<string, number>>): object[] {
  return Object.entries(counts).flatMap(([entityId, count]) => {
    const length = Math.ceil(count / EVENTS_PER_BUCKET);
    const buckets = Array.from({ length }, (_, bucket) => bucket).toReversed();
    return buckets.map((bucket) => ({ entity_type: 'type', entity_id: entityId, bucket }));
  });
}

function storedRow(entityId: string, seq: number): object {
  return storedRun(entityId, [seq, seq]);
}

function storedRun(entityId: string, [first, last]: readonly [number, number]): object {
  const seqs = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return {
    entity_id: entityId,
    seq: BigInt(last),
    events: seqs.map((seq) => `event ${seq}`),
    times: seqs.map(() => 0n),
    source: new types.Tuple('topic-id', 0),
    offsets: seqs.map(BigInt),
  };
}

/** The entities that a request asks for, and the range of numbers. */
function asked({ statements: [statement] }: SentRequest): readonly unknown[] {
  const [, entityIds, bucket, seqFrom, seqTo] = statement?.params ?? [];
  return [entityIds, bucket, Number(seqFrom), Number(seqTo)];
}

test('the next bucket is read of those entities only that fill the one before', async () => {
  const fake = withEvents({ full: EVENTS_PER_BUCKET, short: 10 });
  const queries = ['full', 'short'].map((entityId) => ({ entityId, seqFrom: 0, countMax: 3_000 }));
  const found = await fake.settle(readEvents(fake.session, 'type', queries));
  assert.deepEqual(
    found.map(({ length }) => length),
    [EVENTS_PER_BUCKET, 10],
  );
  assert.deepEqual(fake.sent.map(asked), [
    [['full', 'short'], 0, 0, 1_000],
    [['full'], 1, 1_000, 2_000],
  ]);
});

test('runs that overlap give each event once, and none beyond the range', async () => {
  const runs = fc.array(fc.tuple(fc.nat(300), fc.nat(RUN_EVENTS_MAX - 1)), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      runs,
      fc.nat(200),
      fc.integer({ min: 1, max: 150 }),
      async (cuts, seqFrom, countMax) => {
        const stored = withRuns(cuts.map(([first, more]) => [first, first + more]));
        const query = { entityId: 'e', seqFrom, countMax };
        const [found] = await stored.settle(readEvents(stored.session, 'type', [query]));
        const expected = Array.from({ length: countMax }, (_, index) => seqFrom + index).filter(
          (seq) => cuts.some(([first, more]) => first <= seq && seq <= first + more),
        );
        assert.deepEqual(
          found?.map(({ seq, event }) => [seq, Buffer.from(event).toString()]),
          expected.map((seq) => [seq, `event ${seq}`]),
        );
      },
    ),
  );
});

/** Cassandra with these runs of one entity, from first to last event: of two with the same last one it keeps the longer. */
function withRuns(cuts: readonly (readonly [number, number])[]): FakeClient {
  const kept = new Map<number, number>();
  for (const [first, last] of cuts) kept.set(last, Math.min(first, kept.get(last) ?? first));
  return new FakeClient(({ statements: [statement] }) => {
    const params = statement?.params ?? [];
    const [from, to] = params.slice(3) as [bigint, bigint];
    const runs = [...kept].filter(([last]) => last >= from && last < to);
    const rows = runs
      .toSorted(([a], [b]) => a - b)
      .map(([last, first]) => storedRun('e', [first, last]));
    return { rows };
  });
}

test('nothing is asked for beyond the last number that there can be, also where there is an event', async () => {
  const fake = new FakeClient(() => ({ rows: [storedRow('e', SEQ_MAX)] }));
  const query = { entityId: 'e', seqFrom: SEQ_MAX, countMax: Number.MAX_SAFE_INTEGER };
  await fake.settle(readEvents(fake.session, 'type', [query]));
  assert.deepEqual(
    fake.sent.map((request) => asked(request).slice(2)),
    [[SEQ_MAX, SEQ_MAX + 1]],
  );
});

test('a scan gives each entity once, however many buckets it has', async () => {
  const fake = withEvents({ a: 2_500, b: 3 });
  const seqs = new Map<string, number[]>();
  for await (const { entityId, seq } of scan(fake.session, 'type')) {
    seqs.set(entityId, [...(seqs.get(entityId) ?? []), seq]);
  }
  assert.deepEqual(seqs.get('a'), [...Array(2_500).keys()]);
  assert.deepEqual(seqs.get('b'), [0, 1, 2]);
});
