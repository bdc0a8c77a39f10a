import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { goOnWithDialogue, holdDialogue } from './dialogue.ts';
import { startLocalProgram } from './local-program.ts';
import { openLogDialogueClient } from './log-dialogue-client.ts';

const root = join(import.meta.dirname, '../..');
/** Within the repository, where its packages are found; of its own, so that what `npm start` runs stays as it is. */
const bundleDir = `dist/dialogue-${process.pid}`;
const dir = mkdtempSync(join(tmpdir(), 'dialogue-'));
before(() => execFileSync(process.execPath, ['tools/bundle.ts', bundleDir], { cwd: root }));
after(() => {
  for (const folder of [dir, join(root, bundleDir)]) {
    rmSync(folder, { recursive: true, force: true });
  }
});

describe('the dialogue on the embedded default, through kill -9 and a clean stop', () => {
  it('from its sources', () => holdWholeDialogue('apps/local/src/main.ts'));
  it('from a bundle of them', () => holdWholeDialogue(join(bundleDir, 'main.js')));
});

async function holdWholeDialogue(entry: string): Promise<void> {
  const dataDir = mkdtempSync(join(dir, 'data-'));
  {
    const { kafkaPort, ...local } = await startLocalProgram(dataDir, entry);
    await using program = local.program;
    await using client = openLogDialogueClient(kafkaPort);
    await holdDialogue(client);
    await program.kill();
  }
  const again = await startLocalProgram(dataDir, entry);
  const { kafkaPort, httpPort, managementPort } = again;
  await using program = again.program;
  await using client = openLogDialogueClient(kafkaPort);
  await goOnWithDialogue(client);
  const ready = await fetch(`http://127.0.0.1:${managementPort}/ready`);
  assert.deepEqual([ready.status, await ready.json()], [200, { ready: true, troubles: [] }]);
  const page = await fetch(`http://127.0.0.1:${httpPort}/`);
  assert.equal(page.status, 200);
  assert.deepEqual(await program.stop('SIGINT'), { code: 0, signal: null });
  assert.equal(program.stderr, '');
}
