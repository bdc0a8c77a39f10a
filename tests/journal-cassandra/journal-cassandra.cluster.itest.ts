import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Journal, JournalRow } from '@chat-cluster/journal';
import {
  type CassandraJournalOptions,
  openCassandraJournal,
} from '@chat-cluster/journal-cassandra';
import { journalContract } from '@chat-cluster/journal/contract';
import { cassandraTakes } from '../../tools/services/cassandra-probe.ts';
import { type Services, startServices } from '../../tools/services/start-services.ts';

const CASSANDRA_PORT = 19_320;

/** Nothing may hang: far more than the journal's own bound of 8 s, for a machine under load. */
const ANSWER_WITHIN_MS = 30_000;

/** For tests that are not about a Cassandra that is away: the disk may have others to serve first, for seconds. */
const PATIENT = { countMax: 30, withinMs: 60_000 };

/** For a test that wants the first refusal. */
const ONCE = { countMax: 1, withinMs: 4_000 };

/** Longer than the driver's own patience with a node: it must go on looking for it. */
const AWAY_MS = 20_000;

/** Rows are acknowledged by then, and half of the 200 ms until the next sync is left. */
const UNTIL_ACKNOWLEDGED_MS = 100;

describe('the journal on Apache Cassandra', { timeout: 600_000 }, () => {
  let dir: string;
  let services: Services;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'journal-cassandra-'));
    services = await startServices({
      dir,
      kafka: 0,
      cassandraPort: CASSANDRA_PORT,
      commitlogSync: 'periodic',
    });
  });
  after(async () => {
    await services.stop();
    await rm(dir, { recursive: true });
  });

  startTests();
  // What is asserted there is not about a Cassandra that ends: hundreds of appends need not wait for its disk.
  journalContract('the Cassandra journal', () =>
    open('contract', { attempts: PATIENT, settleMs: 0 }),
  );
  batchTests();
  quorumTests();
  outageTests(() => services);
});

function startTests(): void {
  test('first starts at the same time agree on the keyspace and its tables', async () => {
    const journals = await Promise.all([1, 2, 3].map(() => open('together')));
    for (const [index, journal] of journals.entries()) await append(journal, [rowOf(index)]);
    for (const journal of journals) {
      assert.equal(await rowCount(journal), 3);
      await journal.close();
    }
  });

  test('nobody at the contact point is told as unavailable', async () => {
    const opening = openCassandraJournal({ contactPoints: ['127.0.0.1:1'] });
    await assert.rejects(inTime(opening), { name: 'JournalError', code: 'unavailable' });
  });
}

function batchTests(): void {
  test('appends of any size pass the limits of an unchanged Cassandra', async (t) => {
    const journal = await open('batches', { attempts: PATIENT });
    t.after(() => journal.close());
    for (const [rowsCount, sizeBytes] of [
      [3_000, 200],
      [500, 2_000],
      [100, 30_000],
      [20, 200_000],
    ] as const) {
      const event = Buffer.from(JSON.stringify('x'.repeat(sizeBytes)));
      const entityType = `type-${sizeBytes}`;
      const rows = Array.from({ length: rowsCount }, (_, index) => {
        return { ...rowOf(0), entityId: `entity-${index}`, event };
      });
      await journal.append({ entityType, rows, positions: [] });
      const snapshots = rows.map(({ entityId }) => ({ entityId, seq: 0, state: event }));
      await journal.writeSnapshots(entityType, snapshots);
    }
  });
}

function quorumTests(): void {
  test('every read and every write needs a quorum of the replicas in the local data center', async (t) => {
    const journal = await open('quorum', { attempts: ONCE });
    t.after(() => journal.close());
    await append(journal, [rowOf(0)]);
    const replicas = `{'class': 'NetworkTopologyStrategy', 'datacenter1': 3}`;
    const alter = `ALTER KEYSPACE journal_quorum WITH replication = ${replicas}`;
    assert.ok(await cassandraTakes({ host: '127.0.0.1', port: CASSANDRA_PORT }, alter));
    const placed = { shard: 0, eventTopicId: 'e', inputTopicIds: {} };
    const calls: Readonly<Record<keyof Omit<Journal, 'close'>, () => Promise<unknown>>> = {
      append: () => append(journal, [rowOf(1)]),
      writeSnapshots: () =>
        journal.writeSnapshots('type', [{ entityId: 'a', seq: 0, state: Buffer.from('{}') }]),
      placeShard: () => journal.placeShard('type', placed),
      pinPartitionCount: () => journal.pinPartitionCount('type', 1),
      readEvents: () => rowCount(journal),
      readEventsBefore: () =>
        journal.readEventsBefore('type', { entityId: 'a', seqBefore: 1, countMax: 1 }),
      readSnapshots: () => journal.readSnapshots('type', ['a']),
      readShards: () => journal.readShards('type', [0]),
      scan: () => Array.fromAsync(journal.scan('type')),
    };
    for (const [name, call] of Object.entries(calls)) {
      const refusal = /at consistency LOCAL_QUORUM \(2 required but only 1 alive\)/;
      await assert.rejects(call(), { code: 'unavailable', message: refusal }, name);
    }
  });
}

function outageTests(services: () => Services): void {
  test('while Cassandra is away every call fails in time, and afterwards all goes on', async (t) => {
    const journal = await open('killed');
    t.after(() => journal.close());
    await append(journal, [rowOf(0)]);
    await services().killCassandra(0);
    await assertUnavailable(journal);
    await setTimeout(AWAY_MS);
    await assertUnavailable(journal);
    await services().restartCassandra(0);
    await untilWritten(journal, [rowOf(1)]);
    assert.equal(await rowCount(journal), 2);
  });

  test('an append during which Cassandra is killed is written again, and stays', async (t) => {
    const journal = await open('killed_meanwhile', { attempts: PATIENT });
    t.after(() => journal.close());
    const rows = Array.from({ length: 200 }, (_, index) => ({
      ...rowOf(0),
      entityId: `entity-${index}`,
    }));
    const appending = append(journal, rows).catch((error: unknown) => error);
    // Long enough for the rows to be acknowledged, too short for them to be synced.
    await setTimeout(UNTIL_ACKNOWLEDGED_MS);
    await services().killCassandra(0);
    await services().restartCassandra(0);
    if ((await appending) !== undefined) await untilWritten(journal, rows);
    const queries = rows.map(({ entityId }) => ({ entityId, seqFrom: 0, countMax: 1 }));
    const found = await journal.readEvents('type', queries);
    assert.equal(found.flat().length, rows.length);
  });

  test('while Cassandra is silent every call fails in time, and afterwards all goes on', async (t) => {
    const journal = await open('silent');
    t.after(() => journal.close());
    await append(journal, [rowOf(0)]);
    services().pauseCassandra(0);
    try {
      await assertUnavailable(journal);
    } finally {
      services().resumeCassandra(0);
    }
    await untilWritten(journal, [rowOf(0), rowOf(1)]);
    assert.equal(await rowCount(journal), 2);
  });
}

/** Many calls at once, of every kind: each must be answered, and none may be kept. */
async function assertUnavailable(journal: Journal): Promise<void> {
  const rows = Array.from({ length: 1_000 }, (_, index) => {
    return { ...rowOf(0), entityId: `away-${index}` };
  });
  const calls = Array.from({ length: 20 }, (): readonly Promise<unknown>[] => [
    append(journal, rows),
    rowCount(journal),
    journal.readSnapshots('type', ['a']),
    journal.readShards('type', [0]),
    journal.pinPartitionCount('type', 1),
  ]);
  await Promise.all(
    calls.flat().map((call) => assert.rejects(inTime(call), { code: 'unavailable' })),
  );
}

async function untilWritten(journal: Journal, rows: readonly JournalRow[]): Promise<void> {
  for (;;) {
    try {
      return await inTime(append(journal, rows));
    } catch (error) {
      assert.equal((error as { code?: unknown }).code, 'unavailable');
      await setTimeout(100);
    }
  }
}

async function inTime<T>(call: Promise<T>): Promise<T> {
  const late = new AbortController();
  const timeout = setTimeout(ANSWER_WITHIN_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error('The journal did not answer in time.');
  });
  timeout.catch(() => {});
  try {
    return await Promise.race([call, timeout]);
  } finally {
    late.abort();
  }
}

async function open(
  keyspace: string,
  options?: Pick<CassandraJournalOptions, 'attempts' | 'settleMs'>,
): Promise<Journal> {
  return openCassandraJournal({
    contactPoints: ['127.0.0.1'],
    port: CASSANDRA_PORT,
    keyspace: `journal_${keyspace}`,
    ...options,
  });
}

async function append(journal: Journal, rows: readonly JournalRow[]): Promise<void> {
  await journal.append({ entityType: 'type', rows, positions: [] });
}

async function rowCount(journal: Journal): Promise<number> {
  const query = { entityId: 'a', seqFrom: 0, countMax: 100 };
  const [rows] = await journal.readEvents('type', [query]);
  return rows?.length ?? 0;
}

function rowOf(seq: number): JournalRow {
  return {
    entityId: 'a',
    seq,
    event: Buffer.from('{}'),
    timestampMs: 0,
    source: { topicId: 't', partition: 0, offset: seq },
  };
}
