import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const program = new URL('program.ts', import.meta.url).href;

/** A program whose stop takes as long as it is told, and says that it is done. */
function start(stopMs: number) {
  const script = `
    import { runProgram } from ${JSON.stringify(program)};
    const stop = () => new Promise((resolve) => setTimeout(() => {
      console.log('stopped');
      resolve();
    }, ${stopMs}));
    await runProgram(async () => ({ stop }), console.log);
    console.log('runs');
    setInterval(() => {}, 1_000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const until = async (text: string): Promise<void> => {
    while (!said.includes(text)) await once(child.stdout, 'data');
  };
  return { child, until, closed: once(child, 'close'), said: () => said };
}

test('a signal that comes twice at once, to the group and from the parent, is one', async () => {
  const { child, closed, said, until } = start(50);
  await until('runs');
  child.kill('SIGTERM');
  child.kill('SIGINT');
  assert.deepEqual(await closed, [0, null]);
  assert.match(said(), /stopped/);
});

test('a second signal, later, ends it at once', async () => {
  const { child, closed, said, until } = start(60_000);
  await until('runs');
  child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal(child.exitCode, null);
  child.kill('SIGTERM');
  assert.deepEqual(await closed, [1, null]);
  assert.doesNotMatch(said(), /stopped/);
});
