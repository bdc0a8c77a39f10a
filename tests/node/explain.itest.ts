import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBrokerThread, type Broker } from '@chat-cluster/broker';
import { encodeInstantMessageIn } from '@chat-cluster/contract';
import { homePartition, type Log, type Producer } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { NodePair } from '../crash/node-pair.ts';
import { within } from '../crash/within.ts';
import { Program } from '../path/program.ts';

const PARTITION_COUNT = 4;
const WAIT_MS = 60_000;
/** Of an explanation, with what differs from run to run. */
const AT = /\S+:\d+, appended at \d{4}-\d\d-\d\dT[\d:.]+Z/;

describe('the life of a record, as two nodes tell it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'explain-'));
  let broker: Broker;
  let log: Log;
  let producer: Producer;
  let nodes: NodePair;

  before(async () => {
    broker = await startBrokerThread({ dataDir: join(dir, 'broker') });
    nodes = await NodePair.start({
      kafkaPort: broker.port,
      journal: `lmdb:${join(dir, 'journal')}`,
      partitionCount: PARTITION_COUNT,
    });
    await nodes.untilSettled();
    const bootstrap = [{ host: '127.0.0.1', port: broker.port }];
    log = openKafkaLog({ bootstrap, clientId: 'explain-test' });
    producer = log.openProducer();
  });
  after(async () => {
    await nodes[Symbol.asyncDispose]();
    await log.close();
    await broker.close();
    rmSync(dir, { recursive: true });
  });

  const homeOf = (key: string): number => homePartition(Buffer.from(key), PARTITION_COUNT);

  /** A conversation that this node has. */
  async function conversationOf(index: 0 | 1): Promise<string> {
    const shards = await nodes.node(index).shards();
    const own = new Set(shards?.map(({ shardId }) => Number(shardId)));
    const keys = Array.from({ length: 100 }, (_, key) => `conversation ${index}-${key}`);
    return keys.find((key) => own.has(homeOf(key))) ?? assert.fail('One of a hundred is here.');
  }

  function send(key: string, value: Uint8Array, partition = homeOf(key)): Promise<number> {
    const record = { key: Buffer.from(key), value, headers: [] };
    return producer.send({ topic: 'instant_message_in', partition }, [record]);
  }

  function message(conversationKey: string, messageId?: string): Uint8Array {
    return encodeInstantMessageIn({
      conversationKey,
      sender: 'ann',
      recipients: ['bob'],
      body: 'Hello.',
      messageId,
    });
  }

  /** What `chatcluster explain` prints when it asks this node. */
  async function explain(index: 0 | 1, ...args: readonly string[]): Promise<string> {
    const management = `127.0.0.1:${nodes.node(index).managementPort}`;
    const all = ['explain', ...args, '--management', management];
    const program = new Program('apps/cli/src/main.js', all);
    const { code } = await program.ended;
    assert.equal(code, 0, program.stderr);
    return program.stdout;
  }

  /** Asks this node until it tells so. */
  async function explainUntil(
    sentence: RegExp,
    index: 0 | 1,
    ...args: readonly string[]
  ): Promise<string[]> {
    let told = '';
    await within(WAIT_MS, async () => {
      told = await explain(index, ...args);
      return sentence.test(told) ? undefined : told;
    });
    return told.trimEnd().split('\n');
  }

  it('is told from its arrival to the journal, by either of them, by its place or its id', async () => {
    const key = await conversationOf(0);
    const offset = await send(key, message(key, 'id-1'));
    const place = `${homeOf(key)}:${offset}`;
    const told = await explainUntil(/in the journal/, 0, 'instant_message_in', place);
    assert.deepEqual(told[0], 'It was decided, and its transaction has committed.');
    const [, event = '', output = '', received = ''] = told;
    assert.match(
      event,
      /^Event 0 of the entity \(number 1 of the shard\): conversation_events \d:/,
    );
    assert.match(event, new RegExp(`${AT.source}\\. It is in the journal\\.$`));
    assert.match(output, new RegExp(`^Output: instant_message_out ${AT.source}\\.$`));
    const sent = `Received as instant_message_in ${place} at `;
    assert.ok(received.startsWith(sent), received);
    assert.ok(received.endsWith(`, for conversation ${key}.`), received);
    assert.equal(told.length, 4);
    // The other node reads the same log and journal.
    const byId = await explain(1, '--message-id', 'id-1', '--entity', key);
    assert.deepEqual(byId.trimEnd().split('\n'), told);
    assert.deepEqual((await explain(1, '--message-id', 'id-1')).trimEnd().split('\n'), told);
  });

  it('is told over RPC as it is on the command line', async () => {
    const key = await conversationOf(0);
    const endpoint = await nodes.node(1).endpoint('node-b');
    const response = await fetch(`http://${endpoint}/chatcluster.engine.v1.EntityService/Explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: { messageId: 'id-1', entityId: key } }),
    });
    const { explanations } = (await response.json()) as {
      explanations: { sentences: string[] }[];
    };
    const told = await explain(0, '--message-id', 'id-1', '--entity', key);
    assert.equal(explanations.length, 1);
    assert.deepEqual(explanations[0]?.sentences, told.trimEnd().split('\n'));
  });

  it('that was sent to a partition of the other node is told with its copy at home', async () => {
    const key = await conversationOf(0);
    const elsewhere = homeOf(await conversationOf(1));
    const offset = await send(key, message(key), elsewhere);
    const place = `${elsewhere}:${offset}`;
    const told = await explainUntil(/in the journal/, 1, 'instant_message_in', place);
    const [forwarded = '', ...life] = told;
    assert.match(
      forwarded,
      new RegExp(
        `^It is not at home: ${key} lives on partition ${homeOf(key)}, to where it was forwarded as instant_message_in ${homeOf(key)}:\\d+\\.$`,
      ),
    );
    assert.equal(life[0], 'It was decided, and its transaction has committed.');
    assert.ok(life.includes(`It was forwarded from instant_message_in ${place}.`), told.join('\n'));
    assert.match(life.at(-1) ?? '', new RegExp(`^Received as instant_message_in ${place} at `));
  });

  it('that was refused is told with the reason and its dead letter', async () => {
    const key = await conversationOf(1);
    const offset = await send(key, Buffer.from('{"conversationKey": 7}'));
    const place = `${homeOf(key)}:${offset}`;
    const told = await explainUntil(/refused/, 0, 'instant_message_in', place);
    assert.match(told[0] ?? '', /^It was refused \([a-z-]+\): .*conversationKey/);
    assert.match(told[1] ?? '', new RegExp(`^Its dead letter is chat_dead_letter ${AT.source}`));
    assert.match(told[2] ?? '', new RegExp(`^Received as instant_message_in ${place} at `));
  });

  it('that is committed and not in the journal yet is in the backlog; the next one waits', async () => {
    const key = await conversationOf(0);
    const paused = nodes.pause(0, 'rows-unsent');
    const offset = await send(key, message(key));
    const place = `${homeOf(key)}:${offset}`;
    await paused;
    const told = await explain(1, 'instant_message_in', place);
    assert.match(told, /transaction has committed[^]*It is in the backlog: the journal does not/);
    const next = await send(key, message(key));
    assert.match(
      await explain(1, 'instant_message_in', `${homeOf(key)}:${next}`),
      /^It is the next one of its partition to be decided and committed\./,
    );
    nodes.wake(0);
    await explainUntil(/It is in the journal/, 1, 'instant_message_in', place);
  });
});
