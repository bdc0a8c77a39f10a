import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ProcessHandle } from './process-handle.ts';

describe('the handle of a server process', () => {
  let folder: string;
  let handle: ProcessHandle;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'process-handle-'));
    handle = new ProcessHandle({ name: 'server-1', folder });
  });
  afterEach(async () => {
    await handle.kill();
    rmSync(folder, { recursive: true });
  });

  const serve = (script: string) =>
    handle.start({ command: process.execPath, args: ['-e', script, '--', handle.marker] });
  const prints = (text: string) => async () => readFileSync(handle.logPath, 'utf8').includes(text);

  it('finds the server that another handle of the same folder started', () => {
    serve('setInterval(() => {}, 1000)');
    const other = new ProcessHandle({ name: 'server-1', folder });
    assert.notEqual(other.pid(), undefined);
    assert.equal(other.pid(), handle.pid());
  });

  it('does not start a second server when one runs', () => {
    serve('setInterval(() => {}, 1000)');
    const pid = handle.pid();
    serve('setInterval(() => {}, 1000)');
    assert.equal(handle.pid(), pid);
  });

  it('keeps all that the server prints, over several starts', async () => {
    serve('console.log("first"); setInterval(() => {}, 1000)');
    await handle.untilReady(prints('first'), 10_000);
    await handle.stop(10_000);
    serve('console.error("second"); setInterval(() => {}, 1000)');
    await handle.untilReady(prints('second'), 10_000);
    assert.equal(readFileSync(handle.logPath, 'utf8'), 'first\nsecond\n');
  });

  it('asks a server to stop and lets it finish', async () => {
    serve(
      'process.on("SIGTERM", () => { console.log("bye"); process.exit() }); setInterval(() => {}, 1000); console.log("up")',
    );
    await handle.untilReady(prints('up'), 10_000);
    await handle.stop(10_000);
    assert.equal(handle.pid(), undefined);
    assert.equal(readFileSync(handle.logPath, 'utf8'), 'up\nbye\n');
  });

  it('kills a server that does not stop when asked', async () => {
    serve('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")');
    await handle.untilReady(prints('up'), 10_000);
    await handle.stop(100);
    assert.equal(handle.pid(), undefined);
  });

  it('stops a paused server politely', async () => {
    serve(
      'process.on("SIGTERM", () => { console.log("bye"); process.exit() }); setInterval(() => {}, 1000); console.log("up")',
    );
    await handle.untilReady(prints('up'), 10_000);
    handle.pause();
    await handle.stop(10_000);
    assert.equal(readFileSync(handle.logPath, 'utf8'), 'up\nbye\n');
  });

  it('freezes a server and lets it go on', async () => {
    serve('let n = 0; setInterval(() => console.log("tick" + ++n + ";"), 10)');
    await handle.untilReady(prints('tick2;'), 10_000);
    handle.pause();
    const frozen = readFileSync(handle.logPath, 'utf8');
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(readFileSync(handle.logPath, 'utf8'), frozen);
    handle.resume();
    await handle.untilReady(async () => readFileSync(handle.logPath, 'utf8') !== frozen, 10_000);
  });

  it('says why a server ended before it was ready', async () => {
    serve('console.log("no disk left"); process.exit(3)');
    const waiting = handle.untilReady(async () => false, 10_000);
    await assert.rejects(waiting, { code: 'died', message: /server-1 ended.*\n.*no disk left/ });
  });

  it('says when a server takes too long', async () => {
    serve('setInterval(() => {}, 1000)');
    const waiting = handle.untilReady(async () => false, 100);
    await assert.rejects(waiting, { code: 'not-ready', message: /server-1 was not ready/ });
  });

  it('leaves a stranger alone that has got the pid of a server long gone', async () => {
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'pid'), `${stranger.pid}\n`);
    assert.equal(handle.pid(), undefined);
    await handle.kill();
    assert.equal(stranger.exitCode, null);
    assert.equal(stranger.signalCode, null);
    stranger.kill();
  });
});
