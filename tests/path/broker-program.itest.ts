import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Kafka, logLevel, type SASLOptions } from 'kafkajs';
import { Program } from './program.ts';

const TOPIC = 'greetings';

/** `chatcluster broker`, where it listens, and what its clients are told. */
type BrokerProgram = { readonly program: Program; readonly port: number };

describe('chatcluster broker', () => {
  const dir = mkdtempSync(join(tmpdir(), 'broker-program-'));
  after(() => rmSync(dir, { recursive: true }));
  const kept = ['--data-dir', join(dir, 'data')];

  it('keeps what it acknowledged, through Ctrl-C and kill -9', async () => {
    for (const [index, end] of (['SIGINT', 'SIGKILL', 'SIGTERM'] as const).entries()) {
      const { port, program } = await start(...kept);
      await using running = program;
      assert.equal(await greet(port), index);
      if (end === 'SIGKILL') await running.kill();
      else assert.deepEqual(await running.stop(end), { code: 0, signal: null });
      const isToldKept = running.stdout.endsWith('Stopping …\nStopped. Everything is kept.\n');
      assert.equal(isToldKept, end !== 'SIGKILL');
      assert.equal(running.stderr, '');
    }
  });

  it('keeps nothing in memory, and says so', async () => {
    for (const _ of [1, 2]) {
      const { port, program } = await start('--in-memory');
      await using running = program;
      assert.match(running.stdout, /Data {12}in memory\n/);
      assert.equal(await greet(port), 0);
      await running.stop('SIGTERM');
      assert.match(running.stdout, /Stopped\. Nothing was kept\.\n$/);
    }
  });

  it('does not start where another one is, and says what to do', async () => {
    const { port, program } = await start(...kept);
    await using _running = program;
    const refused = {
      [`Port ${port} on 127.0.0.1 is taken by another program; stop that program, or choose another port.`]:
        ['--in-memory', '--listen', `127.0.0.1:${port}`],
      [`The data folder ${join(dir, 'data')} is in use by process ${program.pid}; `]: [
        ...kept,
        '--listen',
        '127.0.0.1:0',
      ],
    };
    for (const [sentence, args] of Object.entries(refused)) {
      await using other = new Program('apps/cli/src/main.js', ['broker', ...args]);
      assert.deepEqual(await other.ended, { code: 1, signal: null });
      assert.ok(other.stderr.startsWith(sentence), other.stderr);
      assert.equal(other.stderr.split('\n').length, 2, 'One line.');
    }
  });

  it('creates no topic that is asked for when it is told so', async () => {
    const { port, program } = await start('--in-memory', '--no-auto-create');
    await using _running = program;
    await assert.rejects(greet(port), /does not host this topic-partition/);
  });

  it('tells clients to connect to the address that they are to be told', async () => {
    const { port, program } = await start('--in-memory', '--advertise', '127.0.0.1:1');
    await using running = program;
    assert.match(running.stdout, /\(clients are told 127\.0\.0\.1:1\)/);
    await assert.rejects(greet(port), /127\.0\.0\.1:1\b/);
  });

  it('takes the users that it was given, and nobody else', async () => {
    const file = join(dir, 'users.json');
    writeFileSync(file, '{"ann":"wonderland"}');
    const { port, program } = await start('--in-memory', '--users', file);
    await using running = program;
    const mechanism = 'scram-sha-512';
    assert.equal(await greet(port, { mechanism, username: 'ann', password: 'wonderland' }), 0);
    for (const password of ['', 'Wonderland']) {
      const greeting = greet(port, { mechanism, username: 'ann', password });
      await assert.rejects(greeting, /Authentication failed/);
    }
    await assert.rejects(greet(port));
    assert.equal(running.stderr, '');
  });

  it('tells Prometheus what it does', async () => {
    const { port, program } = await start('--in-memory', '--metrics-port', '0');
    await using running = program;
    await greet(port);
    const [, url = ''] = /Metrics +(http:\S+)/.exec(running.stdout) ?? [];
    const text = await (await fetch(url)).text();
    assert.match(text, /^chatcluster_broker_requests_total\{api="Produce"\} 1$/m);
    assert.equal((await fetch(new URL('/', url))).status, 404);
    const taken = ['--listen', '127.0.0.1:0', '--metrics-port', String(port)];
    await using other = new Program('apps/cli/src/main.js', ['broker', '--in-memory', ...taken]);
    assert.deepEqual(await other.ended, { code: 1, signal: null });
    assert.match(
      other.stderr,
      /^Port \d+ is taken by another program: .* with --metrics-port\.\n$/,
    );
    assert.deepEqual(await running.stop('SIGTERM'), { code: 0, signal: null });
  });

  async function start(...args: readonly string[]): Promise<BrokerProgram> {
    const words = ['broker', '--listen', '127.0.0.1:0', ...args];
    const program = new Program('apps/cli/src/main.js', words);
    const [, port] = await program.untilPrinted(/Kafka clients +127\.0\.0\.1:(\d+)[^]*Ctrl-C/);
    return { program, port: Number(port) };
  }
});

/** Sends a record, and answers its offset. */
async function greet(port: number, sasl?: SASLOptions): Promise<number> {
  const brokers = [`127.0.0.1:${port}`];
  const retry = { retries: 1 };
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry, ...(sasl && { sasl }) });
  const producer = kafka.producer();
  await producer.connect();
  try {
    const [sent] = await producer.send({ topic: TOPIC, messages: [{ value: 'hello' }] });
    return Number(sent?.baseOffset);
  } finally {
    await producer.disconnect();
  }
}
