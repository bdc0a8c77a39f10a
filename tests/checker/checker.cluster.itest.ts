import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Services, startServices } from '../../tools/services/start-services.ts';

const PYTHON = join(import.meta.dirname, '../../.venv/bin/python');

it('the comparison finds each planted fault, and none where there is none', async () => {
  const tests = await python(['-m', 'unittest']);
  assert.equal(tests.exitCode, 0, tests.stderr);
  assert.match(tests.stderr, /Ran \d\d tests/);
});

describe('the checker on a real Kafka', { timeout: 180_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'checker-'));
  let services: Services;

  before(async () => {
    services = await startServices({ dir, cassandra: 0, kafkaPort: 19_040 });
  });
  after(async () => {
    await services.stop();
    rmSync(dir, { recursive: true });
  });

  it('finds nothing where the program did everything right', async () => {
    const checked = await publishAndCheck('right-');
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
  });

  it('finds an output that was lost', async () => {
    const checked = await publishAndCheck('lost-', '--lose-output');
    assert.equal(checked.exitCode, 1, checked.stderr);
    const { differences } = reportOf(checked);
    assert.equal(differences['gaps'], 1);
    assert.equal(differences['missing'], 1);
  });

  it('finds an event that was written twice', async () => {
    const checked = await publishAndCheck('twice-', '--repeat-event');
    assert.equal(checked.exitCode, 1, checked.stderr);
    const { differences } = reportOf(checked);
    assert.equal(differences['repeats'], 1);
    assert.equal(differences['wrongNumbers'], 1);
  });

  it('says which topic there is none of', async () => {
    const checked = await check('none-');
    assert.equal(checked.exitCode, 2);
    assert.match(checked.stderr, /no topic none-in/);
  });

  async function publishAndCheck(prefix: string, ...faults: string[]): Promise<Ran> {
    const dump = join(dir, `${prefix}journal.jsonl`);
    const to = ['--brokers', services.kafkaBootstrap, '--prefix', prefix, '--dump', dump];
    const published = await python(['publish_world.py', ...to, ...faults]);
    assert.equal(published.exitCode, 0, published.stderr);
    return check(prefix, '--journal-dump', dump);
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

function reportOf(checked: Ran) {
  return JSON.parse(checked.stdout) as {
    clean: boolean;
    counts: Record<string, number>;
    differences: Record<string, number>;
  };
}
