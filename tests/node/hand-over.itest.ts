import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeConversationQuestion, encodeInstantMessageIn } from '@chat-cluster/contract';
import { homePartition, type Log } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { within } from '../crash/within.ts';
import { MOVE_WAIT_MS, NodeCluster, PARTITION_COUNT } from './node-cluster.ts';
import { watchEvents } from './watch-events.ts';

/** So long a question may take; on a busy machine a shard moves for longer than the default of 5 s allows. */
const ASK_WAIT_MS = 30_000;
const ASKERS = 4;
const PAUSE_MS = 10;

describe('questions and watches while shards move to a third node, and back', () => {
  let cluster: NodeCluster;
  let log: Log;

  before(async () => {
    cluster = await NodeCluster.start();
    const bootstrap = [{ host: '127.0.0.1', port: cluster.kafkaPort }];
    log = openKafkaLog({ bootstrap, clientId: 'hand-over-test' });
  });
  after(async () => {
    await log.close();
    await cluster[Symbol.asyncDispose]();
  });

  /** One conversation in each partition. */
  const conversations = Array.from({ length: PARTITION_COUNT }, (_, partition) => {
    for (let n = 0; ; n++) {
      const key = `conversation ${n}`;
      if (homePartition(Buffer.from(key), PARTITION_COUNT) === partition) return key;
    }
  });

  /** Sends a message to each conversation, again and again; resolves with how many times. */
  async function send(signal: AbortSignal): Promise<number> {
    const producer = log.openProducer();
    let count = 0;
    for (; !signal.aborted; count++) {
      for (const [partition, conversationKey] of conversations.entries()) {
        const said = { conversationKey, sender: 'ann', recipients: ['bob'], body: `${count}` };
        const record = {
          key: Buffer.from(conversationKey),
          value: encodeInstantMessageIn(said),
          headers: [],
        };
        await producer.send({ topic: 'instant_message_in', partition }, [record]);
      }
      await delay(PAUSE_MS);
    }
    return count;
  }

  /** Asks a node for conversations in turn; resolves with how many it answered. Rejects with the first that it does not. */
  async function ask(endpoint: string, first: number, signal: AbortSignal): Promise<number> {
    const latest = encodeConversationQuestion({ numMsgs: 10 });
    const question = Buffer.from(latest).toString('base64');
    let count = 0;
    for (; !signal.aborted; count++) {
      const entityId = conversations[(first + count) % PARTITION_COUNT];
      const response = await fetch(`http://${endpoint}/chatcluster.engine.v1.EntityService/Ask`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'connect-timeout-ms': String(ASK_WAIT_MS),
        },
        body: JSON.stringify({ entityType: 'conversation', entityId, question }),
      });
      assert.equal(response.status, 200, await response.text());
      await delay(PAUSE_MS);
    }
    return count;
  }

  /** Collects what watches of all conversations give, each in its own list. */
  function watch(endpoint: string, signal: AbortSignal) {
    const seqs = conversations.map((): number[] => []);
    const watching = conversations.map(async (entityId, index) => {
      const watched = { entityType: 'conversation', entityId };
      try {
        for await (const seq of watchEvents(endpoint, watched, signal)) seqs[index]?.push(seq);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    });
    return { seqs, ended: Promise.all(watching) };
  }

  it('no question fails, and no watch misses an event or gets it twice', async () => {
    const [{ endpoint } = assert.fail('It runs.')] = cluster.nodes;
    const moved = new AbortController();
    const seen = new AbortController();
    const sending = send(moved.signal);
    const asking = Promise.all(
      Array.from({ length: ASKERS }, (_, first) => ask(endpoint, first * 3, moved.signal)),
    );
    const watches = watch(endpoint, seen.signal);
    const moving = (async () => {
      await cluster.add();
      await cluster.removeLast();
      moved.abort();
    })();
    const [sentCount, answeredCounts] = await Promise.all([
      sending,
      asking,
      moving,
      // What breaks ends the test, whatever else goes on.
      Promise.race([watches.ended, moving]),
    ]);
    await Promise.race([
      watches.ended,
      within(MOVE_WAIT_MS, async () => {
        const counts = watches.seqs.map(({ length }) => length);
        return counts.every((count) => count >= sentCount)
          ? undefined
          : `All ${sentCount} events of each are seen: ${counts.join(', ')}.`;
      }),
    ]);
    seen.abort();
    await watches.ended;
    const every = Array.from({ length: sentCount }, (_, seq) => seq);
    for (const seqs of watches.seqs) assert.deepEqual(seqs, every);
    assert.ok(sentCount > 10, 'Messages were sent all the time.');
    for (const count of answeredCounts) assert.ok(count > PARTITION_COUNT, `Asked: ${count}.`);
  });
});
