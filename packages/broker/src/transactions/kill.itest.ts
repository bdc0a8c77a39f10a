import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createTopic } from '../api/broker-harness.ts';
import { WireClient } from '../server/wire-client.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { heartbeat, joinGroup, syncGroup } from '../wire/messages/index.ts';
import { KillableBroker } from './killable-broker.ts';
import { readCommitted } from './read-committed.ts';
import { WireProducer } from './wire-producer.ts';

const { NONE } = ErrorCode;
const TOPIC = 'topic';
const PARTITIONS = [0, 1, 2];
const KILLS_COUNT = 10;

describe('through kill -9', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'broker-kill-'));
  const broker = new KillableBroker(dataDir);

  before(async () => {
    await broker.start();
    const client = await WireClient.connect(broker.port);
    for (const name of [TOPIC, 'load-0', 'load-1', 'load-2']) {
      await createTopic(client, { name, partitions: PARTITIONS.length });
    }
    client.close();
  });
  after(async () => {
    await broker.kill();
    rmSync(dataDir, { recursive: true });
  });

  async function restart(): Promise<void> {
    await broker.kill();
    await broker.start();
  }

  async function producerOn(transactionalId: string, topic = TOPIC) {
    const client = await WireClient.connect(broker.port);
    return { client, producer: new WireProducer(client, { transactionalId, topic }) };
  }

  test('an open transaction goes on, and its end counts for records and offsets', async () => {
    const { producer, client } = await producerOn('goes-on');
    await producer.init();
    assert.equal(await producer.addPartitions(PARTITIONS), NONE);
    assert.equal(await producer.addOffsets('goes-on'), NONE);
    assert.equal(await producer.produce(PARTITIONS, 'first'), NONE);
    assert.equal(await producer.commitOffsets('goes-on', [0], 17), NONE);
    client.close();
    await restart();
    const again = await producerOn('goes-on');
    again.producer.producer = producer.producer;
    assert.equal(await again.producer.stableOffset('goes-on'), 'unstable');
    assert.equal(await again.producer.end(true), NONE);
    assert.equal(await again.producer.stableOffset('goes-on'), 17);
    for (const partition of PARTITIONS) {
      assert.deepEqual(await readCommitted(again.client, TOPIC, partition), ['first']);
    }
    again.client.close();
  });

  test('a stable group stays stable, and its members go on with a heartbeat', async () => {
    const client = await WireClient.connect(broker.port);
    const times = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 };
    const protocols = [{ name: 'range', metadata: new Uint8Array(6) }];
    const group = { groupId: 'group', memberId: '', protocolType: 'consumer', protocols };
    const { memberId, generationId } = await client.call(joinGroup, 3, {
      ...group,
      ...times,
    });
    const member = { groupId: 'group', memberId, generationId };
    const assignments = [{ memberId, assignment: Buffer.from('share') }];
    await client.call(syncGroup, 2, { ...member, assignments });
    client.close();
    await restart();
    const again = await WireClient.connect(broker.port);
    assert.equal((await again.call(heartbeat, 2, member)).errorCode, NONE);
    const synced = await again.call(syncGroup, 2, { ...member, assignments: [] });
    assert.equal(Buffer.from(synced.assignment).toString(), 'share');
    again.close();
  });

  test('every transaction under load happens as a whole or not at all', async () => {
    const clients = [0, 1, 2].map((index) => new LoadClient(broker, `load-${index}`));
    for (let kill = 0; kill < KILLS_COUNT; kill++) {
      const counts = clients.map(({ committed }) => committed.length);
      const running = clients.map((client) => client.runUntilKilled());
      // However slow the machine is, each round has something to lose.
      while (clients.some(({ committed }, index) => committed.length <= (counts[index] ?? 0))) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await new Promise((resolve) => setTimeout(resolve, kill * 7));
      await restart();
      await Promise.all(running);
    }
    for (const client of clients) await client.settle();
    const reader = await WireClient.connect(broker.port);
    for (const { topic, committed, offset } of clients) {
      assert.ok(committed.length >= KILLS_COUNT, `${committed.length} transactions of ${topic}`);
      const expected = committed.map(String);
      for (const partition of PARTITIONS) {
        assert.deepEqual(await readCommitted(reader, topic, partition), expected, topic);
      }
      assert.equal(offset, committed.at(-1));
    }
    reader.close();
  });
});

/** Writes numbered transactions one after the other, and keeps promise 5 when the broker is killed. */
class LoadClient {
  readonly topic: string;
  /** The numbers of the transactions that were committed, in order. */
  readonly committed: number[] = [];
  offset: number | 'unstable' = -1;
  readonly #broker: KillableBroker;
  #producer: WireProducer | undefined;
  #identity: WireProducer['producer'] | undefined;
  #number = 0;
  /** The end that has been asked for and not been answered. */
  #unanswered: boolean | undefined;
  #isSpoilt = false;

  constructor(broker: KillableBroker, topic: string) {
    this.#broker = broker;
    this.topic = topic;
  }

  /** Resolves when the connection breaks. */
  async runUntilKilled(): Promise<void> {
    const client = await WireClient.connect(this.#broker.port);
    this.#producer = new WireProducer(client, { transactionalId: this.topic, topic: this.topic });
    try {
      await this.#takeUp(this.#producer);
      for (;;) await this.#transact(this.#producer);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
    } finally {
      client.close();
    }
  }

  /** Ends what is open, and reads the offset. */
  async settle(): Promise<void> {
    const client = await WireClient.connect(this.#broker.port);
    const producer = new WireProducer(client, { transactionalId: this.topic, topic: this.topic });
    await this.#takeUp(producer);
    this.offset = await producer.stableOffset(this.topic);
    client.close();
  }

  /** Goes on where the last connection broke off. */
  async #takeUp(producer: WireProducer): Promise<void> {
    if (this.#identity === undefined) {
      assert.equal(await producer.init(), NONE);
    } else {
      producer.producer = this.#identity;
      if (this.#unanswered !== undefined) await this.#end(producer, this.#unanswered);
      else if (this.#isSpoilt) await producer.end(false);
      assert.equal(await producer.init({ claimed: this.#identity }), NONE, 'it was not fenced');
    }
    this.#identity = producer.producer;
    this.#isSpoilt = false;
  }

  async #transact(producer: WireProducer): Promise<void> {
    this.#number += 1;
    this.#isSpoilt = true; // until its end is answered
    const added = await Promise.all([
      producer.addPartitions(PARTITIONS),
      producer.addOffsets(this.topic),
    ]);
    const written = await Promise.all([
      producer.produce(PARTITIONS, String(this.#number)),
      producer.commitOffsets(this.topic, PARTITIONS, this.#number),
    ]);
    assert.deepEqual([...added, ...written], [NONE, NONE, NONE, NONE]);
    await this.#end(producer, this.#number % 5 !== 0);
  }

  async #end(producer: WireProducer, isCommit: boolean): Promise<void> {
    this.#unanswered = isCommit;
    assert.equal(await producer.end(isCommit), NONE);
    this.#unanswered = undefined;
    this.#isSpoilt = false;
    if (isCommit) this.committed.push(this.#number);
  }
}
