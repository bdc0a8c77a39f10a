import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { localArguments, type LocalProgram, untilSummary } from './local-program.ts';
import { Program } from './program.ts';

const dir = mkdtempSync(join(tmpdir(), 'npm-start-'));
after(() => rmSync(dir, { recursive: true }));

it('npm start and npx chatcluster as a person types them, through Ctrl-C and kill -9', async () => {
  {
    const { kafkaPort, program } = await npmStart();
    await using first = program;
    assert.equal(await send(kafkaPort, 'Hi there!'), 'abc123 #0 bob: Hi there!\n');
    assert.equal(await latest(kafkaPort), 'abc123 #0 bob: Hi there!\n');
    await first.stop('SIGINT');
    assert.match(first.stdout, /\nStopping …\nStopped\. Everything is kept; .*npm start\.\n$/);
    assert.deepEqual(complaints(first), []);
  }
  {
    const { kafkaPort, program } = await npmStart();
    await using second = program;
    assert.equal(await latest(kafkaPort), 'abc123 #0 bob: Hi there!\n');
    assert.equal(await send(kafkaPort, 'Still there?'), 'abc123 #1 bob: Still there?\n');
    await second.kill();
    assert.doesNotMatch(second.stdout, /Stopping/);
  }
  const { kafkaPort, program } = await npmStart();
  await using third = program;
  const kept = 'abc123 #0 bob: Hi there!\nabc123 #1 bob: Still there?\n';
  assert.equal(await latest(kafkaPort), kept);
  assert.equal(await send(kafkaPort, 'For ever.'), 'abc123 #2 bob: For ever.\n');
  await third.stop('SIGINT');
  assert.deepEqual(complaints(third), []);
});

function npmStart(): Promise<LocalProgram> {
  const args = ['start', '--', ...localArguments(join(dir, 'data'))];
  return untilSummary(new Program('npm', args, { isCommand: true }));
}

function send(kafkaPort: number, body: string): Promise<string> {
  return chatcluster(kafkaPort, 'chat', 'send', 'abc123', '--from', 'bob', '--to', 'ann', body);
}

function latest(kafkaPort: number): Promise<string> {
  return chatcluster(kafkaPort, 'chat', 'latest', 'abc123', '-n', '100');
}

/** What it prints for whoever asked. */
async function chatcluster(kafkaPort: number, ...words: readonly string[]): Promise<string> {
  const args = ['chatcluster', ...words, '--brokers', `127.0.0.1:${kafkaPort}`];
  await using command = new Program('npx', args, { isCommand: true });
  const { code } = await command.ended;
  assert.equal(code, 0, command.stderr);
  return command.stdout;
}

/** What npm itself says of its version or its settings is its own. */
function complaints({ stderr }: Program): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('npm '));
}
