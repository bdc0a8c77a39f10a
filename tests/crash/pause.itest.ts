import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { startBroker } from '@chat-cluster/broker';
import { instantMessageOut } from '@chat-cluster/contract';
import type { Log } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { Program } from '../path/program.ts';
import { messagesAlone } from './load.ts';
import { pauseThrough } from './pause-scenario.ts';

/** Longer than a session, which is 6 s. */
const PAUSED_MS = 8_000;

const dir = mkdtempSync(join(tmpdir(), 'pause-'));
after(() => rmSync(dir, { recursive: true }));

it('a node that is stopped for longer than its session does no harm when it goes on: nothing is lost, repeated or reordered', async (t) => {
  const listeners = [{ host: '127.0.0.1', port: 0 }];
  const broker = await startBroker({ dataDir: join(dir, 'broker'), listeners });
  t.after(() => broker.close());
  const journal = `lmdb:${join(dir, 'journal')}`;
  const { messageCount, localities } = await pauseThrough({
    kafkaPort: broker.port,
    journal,
    pauses: [
      { point: 'end-unsent', pausedMs: PAUSED_MS },
      { point: 'rows-unsent', pausedMs: PAUSED_MS },
    ],
    messagesPerSecond: 100,
    conversationCount: 100,
    seed: 20_261_123,
    mix: messagesAlone,
    say: (sentence) => t.diagnostic(sentence),
  });
  assert.ok(messageCount > 1_000);
  assert.deepEqual(localities, [1, 1], 'Every record was decided where it was fetched.');
  const bootstrap = [{ host: '127.0.0.1', port: broker.port }];
  const log = openKafkaLog({ bootstrap, clientId: 'audit' });
  t.after(() => log.close());
  const numbers = await numbersPutOut(log);
  assert.equal([...numbers.values()].flat().length, messageCount);
  for (const [key, found] of numbers) assert.deepEqual(found, [...found.keys()], key);
  assert.equal(await rowCount(journal), messageCount);
});

/** The numbers of each conversation's messages, in the order in which a reader of committed records gets them. */
async function numbersPutOut(log: Log): Promise<Map<string, number[]>> {
  const numbers = new Map<string, number[]>();
  const [found] = await log.admin.describeTopics([instantMessageOut.name]);
  assert.ok(found);
  for (let partition = 0; partition < found.partitionCount; partition++) {
    const at = { topic: found.topic, topicId: found.topicId, partition };
    const [offsetUntil = 0] = await log.admin.listOffsets([{ ...at, at: 'latest' }]);
    const visit = ({ value }: { readonly value: Uint8Array | null }): void => {
      const decoded = instantMessageOut.decode(value ?? new Uint8Array());
      assert.ok(decoded.ok);
      const { conversationKey, conversationMsgSeq } = decoded.value;
      numbers.set(conversationKey, [...(numbers.get(conversationKey) ?? []), conversationMsgSeq]);
    };
    await log.readRange({ ...at, offsetFrom: 0, offsetUntil, visit });
  }
  return numbers;
}

async function rowCount(journal: string): Promise<number> {
  await using dump = new Program('apps/cli/src/run.ts', ['journal', 'dump', '--journal', journal]);
  assert.equal((await dump.ended).code, 0, dump.stderr);
  return dump.stdout.trimEnd().split('\n').length;
}
