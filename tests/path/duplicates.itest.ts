import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { instantMessageIn, instantMessageOut } from '@chat-cluster/contract';
import { within } from '../crash/within.ts';
import { assertReads } from './dialogue.ts';
import { startLocalProgram } from './local-program.ts';
import { openLogDialogueClient } from './log-dialogue-client.ts';

const COUNTED_WITHIN_MS = 10_000;

const dir = mkdtempSync(join(tmpdir(), 'duplicates-'));
after(() => rmSync(dir, { recursive: true }));

it('a message that is sent twice comes out once, and is counted as a duplicate', async () => {
  const { kafkaPort, managementPort, program } = await startLocalProgram(dir);
  await using local = program;
  await using client = openLogDialogueClient(kafkaPort);
  // The third shows that the second has been decided.
  for (const messageId of ['m1', 'm1', 'm2']) {
    await client.send(instantMessageIn.name, `{${START},"body":"Hi!","messageId":"${messageId}"}`);
  }
  const outputs = [
    `{${START},"conversationMsgSeq":0,"body":"Hi!","messageId":"m1"}\n`,
    `{${START},"conversationMsgSeq":1,"body":"Hi!","messageId":"m2"}\n`,
  ];
  await assertReads(client, instantMessageOut.name, outputs.join(''));
  await within(COUNTED_WITHIN_MS, async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text();
    const counted = metrics.split('\n').filter((line) => line.startsWith(DECISIONS));
    return counted.join(' ') === `${DECISIONS}{kind="duplicate"} 1` ? undefined : counted.join(' ');
  });
  await local.stop();
});

const START = '"conversationKey":"abc123","sender":"bob","recipients":[]';
const DECISIONS = 'chatcluster_decisions_total';
