import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { Admin } from '@platformatic/kafka';
import { startBroker, type Broker } from '@chat-cluster/broker';
import { allTopics, instantMessageIn, latestMessagesRequest } from '@chat-cluster/contract';
import { within } from '../crash/within.ts';
import { refusalOf } from './node-refusal.ts';
import { Program } from './program.ts';

/** Topics are looked at every ten seconds. */
const NOTICED_WITHIN_MS = 30_000;

describe('a node, when topics have not the partitions that its entities are placed over', () => {
  const dir = mkdtempSync(join(tmpdir(), 'partitions-'));
  let broker: Broker;
  let admin: Admin;
  let number = 0;

  beforeEach(async () => {
    number += 1;
    const listeners = [{ host: '127.0.0.1', port: 0 }];
    broker = await startBroker({ dataDir: join(dir, `broker-${number}`), listeners });
    admin = new Admin({ clientId: 'operator', bootstrapBrokers: [`127.0.0.1:${broker.port}`] });
  });
  afterEach(async () => {
    await admin.close();
    await broker.close();
  });
  after(() => rmSync(dir, { recursive: true }));

  it('does not start on inputs of different numbers, and says why and what to do', async () => {
    await admin.createTopics({ topics: [instantMessageIn.name], partitions: 3, replicas: 1 });
    await admin.createTopics({ topics: [latestMessagesRequest.name], partitions: 4, replicas: 1 });
    const said = await refusal();
    assert.match(said, /partitions and .* has .*: the same key would have two homes\. Create them/);
  });

  it('does not start on another number than its entities were placed over', async () => {
    await using first = startNode('--partitions', '3');
    await first.untilPrinted(/Ready: node/);
    assert.equal((await first.stop()).code, 0);
    await admin.deleteTopics({ topics: allTopics.map(({ name }) => name) });
    assert.match(
      await refusal('--partitions', '4'),
      /have 4 partitions, and its entities were placed over 3: .*Recreate the topics with 3/,
    );
  });

  it('goes on when partitions are added, tells it as its health, and does not start again', async () => {
    await using node = startNode('--partitions', '3');
    const [, port = ''] = await node.untilPrinted(/"managementPort":(\d+),.*Ready: node/);
    await admin.createPartitions({ topics: [{ name: instantMessageIn.name, count: 5 }] });
    await within(NOTICED_WITHIN_MS, async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/ready`);
      const { ready, troubles } = (await answer.json()) as Readiness;
      assert.equal(ready, true);
      const isTold = /has 5 partitions now.* 3 to 4 are not consumed/.test(troubles.join(' '));
      return isTold ? undefined : `Troubles: ${troubles.join(' ')}`;
    });
    assert.equal((await node.stop()).code, 0);
    assert.match(await refusal('--partitions', '3'), /the same key would have two homes/);
  });

  function startNode(...args: readonly string[]): Program {
    return new Program('apps/cli/src/run.ts', [
      ...['node', '--brokers', `127.0.0.1:${broker.port}`, '--endpoint', '127.0.0.1:1'],
      ...['--journal', `lmdb:${join(dir, `journal-${number}`)}`],
      ...['--http-port', '0', '--management-port', '0', ...args],
    ]);
  }

  /** The sentence with which it exits with code 1. */
  async function refusal(...args: readonly string[]): Promise<string> {
    await using node = startNode(...args);
    return await refusalOf(node);
  }
});

type Readiness = { readonly ready: boolean; readonly troubles: readonly string[] };
