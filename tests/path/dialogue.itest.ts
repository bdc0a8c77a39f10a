import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { goOnWithDialogue, holdDialogue } from './dialogue.ts';
import { startLocalProgram } from './local-program.ts';
import { openLogDialogueClient } from './log-dialogue-client.ts';

const dir = mkdtempSync(join(tmpdir(), 'dialogue-'));
after(() => rmSync(dir, { recursive: true }));

it('the dialogue on the embedded default, through kill -9 and a clean stop', async () => {
  const dataDir = join(dir, 'data');
  {
    const { kafkaPort, ...local } = await startLocalProgram(dataDir);
    await using program = local.program;
    await using client = openLogDialogueClient(kafkaPort);
    await holdDialogue(client);
    await program.kill();
  }
  const { kafkaPort, httpPort, managementPort, ...local } = await startLocalProgram(dataDir);
  await using program = local.program;
  await using client = openLogDialogueClient(kafkaPort);
  await goOnWithDialogue(client);
  const ready = await fetch(`http://127.0.0.1:${managementPort}/ready`);
  assert.deepEqual([ready.status, await ready.json()], [200, { ready: true, troubles: [] }]);
  const page = await fetch(`http://127.0.0.1:${httpPort}/`);
  assert.equal(page.status, 200);
  assert.deepEqual(await program.stop('SIGINT'), { code: 0, signal: null });
  assert.equal(program.stderr, '');
});
