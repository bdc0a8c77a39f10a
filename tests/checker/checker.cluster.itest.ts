import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { JournalRow } from '@chat-cluster/journal';
import { openCassandraJournal } from '@chat-cluster/journal-cassandra';
import { type Services, startServices } from '../../tools/services/start-services.ts';

const KAFKA_PORT = 19_040;
const CASSANDRA_PORT = 19_050;

const PYTHON = join(import.meta.dirname, '../../.venv/bin/python');

it('the comparison finds each planted fault, and none where there is none', async () => {
  const tests = await python(['-m', 'unittest']);
  assert.equal(tests.exitCode, 0, tests.stderr);
  assert.match(tests.stderr, /Ran \d\d tests/);
});

describe('the checker on a real Kafka and Cassandra', { timeout: 240_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'checker-'));
  let services: Services;

  before(async () => {
    services = await startServices({
      dir,
      kafkaPort: KAFKA_PORT,
      cassandraPort: CASSANDRA_PORT,
    });
  });
  after(async () => {
    await services.stop();
    rmSync(dir, { recursive: true });
  });

  it('finds nothing where the program did everything right', async () => {
    assertRight(await publishAndCheck('right-'));
  });

  describe('where the journal is in Cassandra', () => {
    const prefix = 'cassandra-';

    before(() => publish(prefix));

    it('finds nothing where the program did everything right', async () => {
      assertRight(await fillAndCheck('right', (row) => row));
    });

    it('finds a row that tells another time than its input has', async () => {
      const checked = await fillAndCheck('time', (row) => {
        return { ...row, timestampMs: row.timestampMs + 1 };
      });
      // Once against the event topic, once against the input.
      assertFound(checked, { wrongTimes: 2 });
    });

    it('finds a row that tells another input than it was made from', async () => {
      const checked = await fillAndCheck('source', (row) => {
        return { ...row, source: { ...row.source, offset: row.source.offset + 1 } };
      });
      assertFound(checked, { wrongSources: 2 });
    });

    it('finds a row that tells another topic than its input came from', async () => {
      const checked = await fillAndCheck('topic', (row) => {
        return { ...row, source: { ...row.source, topicId: 'another' } };
      });
      assertFound(checked, { wrongSources: 1 });
    });

    it('finds a row that was lost', async () => {
      assertFound(await fillAndCheck('lost', () => undefined), { gaps: 1, missing: 1 });
    });

    /** `change` is done to the second row of a conversation. */
    async function fillAndCheck(
      keyspace: string,
      change: (row: JournalRow) => JournalRow | undefined,
    ): Promise<Ran> {
      const isChanged = (row: JournalRow) => row.entityId === 'c1' && row.seq === 1;
      const rows = rowsOf(dumpOf(prefix)).map((row) => (isChanged(row) ? change(row) : row));
      await fillCassandra(
        keyspace,
        rows.filter((row) => row !== undefined),
      );
      const journal = `cassandra:127.0.0.1:${CASSANDRA_PORT}/${keyspace}`;
      return check(prefix, '--journal', journal);
    }
  });

  it('finds an output that was lost', async () => {
    assertFound(await publishAndCheck('lost-', '--lose-output'), { gaps: 1, missing: 1 });
  });

  it('finds an event that was written twice', async () => {
    assertFound(await publishAndCheck('twice-', '--repeat-event'), {
      extra: 1,
      repeats: 1,
      wrongNumbers: 1,
    });
  });

  it('says which topic there is none of', async () => {
    const checked = await check('none-');
    assert.equal(checked.exitCode, 2);
    assert.match(checked.stderr, /no topic none-in/);
  });

  async function publishAndCheck(prefix: string, ...faults: string[]): Promise<Ran> {
    await publish(prefix, ...faults);
    return check(prefix, '--journal-dump', dumpOf(prefix));
  }

  async function publish(prefix: string, ...faults: string[]): Promise<void> {
    const to = ['--brokers', services.kafkaBootstrap, '--prefix', prefix, '--dump', dumpOf(prefix)];
    const published = await python(['publish_world.py', ...to, ...faults]);
    assert.equal(published.exitCode, 0, published.stderr);
  }

  function dumpOf(prefix: string): string {
    return join(dir, `${prefix}journal.jsonl`);
  }

  async function check(prefix: string, ...journal: string[]): Promise<Ran> {
    const topics = ['in', 'out', 'events', 'dead'].flatMap((name) => [`--${name}`, prefix + name]);
    return python(['check.py', '--brokers', services.kafkaBootstrap, ...topics, ...journal]);
  }
});

type Ran = { exitCode: number; stdout: string; stderr: string };

/** Runs the checker's Python; `.venv` has what requirements.txt names. */
async function python(args: string[]): Promise<Ran> {
  const ran = Promise.withResolvers<Ran>();
  execFile(PYTHON, args, { cwd: import.meta.dirname }, (error, stdout, stderr) => {
    const code = error?.code;
    if (error !== null && typeof code !== 'number') ran.reject(error);
    else ran.resolve({ exitCode: typeof code === 'number' ? code : 0, stdout, stderr });
  });
  return ran.promise;
}

/** The rows of a dump, as the program has them. */
function rowsOf(dump: string): JournalRow[] {
  const lines = readFileSync(dump, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const row = JSON.parse(line) as Omit<JournalRow, 'event'> & { readonly event: object };
    const { entityId, seq, event, timestampMs, source } = row;
    return { entityId, seq, event: Buffer.from(JSON.stringify(event)), timestampMs, source };
  });
}

/** The program's own journal writes them: the checker reads the tables that it makes. */
async function fillCassandra(keyspace: string, rows: readonly JournalRow[]): Promise<void> {
  const contactPoints = [`127.0.0.1:${CASSANDRA_PORT}`];
  const journal = await openCassandraJournal({ contactPoints, keyspace });
  await journal.append({ entityType: 'conversation', rows, positions: [] });
  await journal.append({ entityType: 'inbox', rows: rows.slice(0, 1), positions: [] });
  await journal.close();
}

function assertRight(checked: Ran): void {
  assert.equal(checked.exitCode, 0, checked.stdout + checked.stderr);
  const { counts, clean } = reportOf(checked);
  assert.equal(clean, true);
  assert.deepEqual(counts, {
    inputs: 25,
    conversations: 5,
    messages: 21,
    duplicates: 1,
    strays: 1,
    invalid: 2,
    outputs: 21,
    events: 21,
    deadLetters: 2,
    journalRows: 21,
  });
}

/** These differences were found, and no others. */
function assertFound(checked: Ran, expected: Record<string, number>): void {
  assert.equal(checked.exitCode, 1, checked.stdout + checked.stderr);
  const found = Object.entries(reportOf(checked).differences).filter(([, count]) => count > 0);
  assert.deepEqual(Object.fromEntries(found), expected, checked.stdout);
}

function reportOf(checked: Ran) {
  return JSON.parse(checked.stdout) as {
    clean: boolean;
    counts: Record<string, number>;
    differences: Record<string, number>;
  };
}
