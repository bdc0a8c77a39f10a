import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { seededRandom } from '@chat-cluster/kernel';
import { createTopic, fetchRequest } from '../api/broker-harness.ts';
import { WireClient } from '../server/wire-client.ts';
import { KillableBroker } from '../transactions/killable-broker.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { fetch, produce } from '../wire/messages/index.ts';
import { BATCH_HEADER_BYTES } from '../wire/record-batch.ts';
import { splitBatches } from '../wire/split-batches.ts';
import { testBatch } from './log-harness.ts';

const TOPIC = 't';
const PARTITIONS = 12;
const KILLS = 5;
/** Large enough that the write-ahead log is checkpointed and used again in every round. */
const BATCH_BYTES = 60_000;
const SEED = Date.now() % 1_000_000;

/** An idempotent producer of one batch after the other to every partition, that knows what was acknowledged. */
class LoadProducer {
  readonly producerId: number;
  /** By partition: the offsets that were acknowledged; the index is the sequence number. */
  readonly acknowledged: number[][] = Array.from({ length: PARTITIONS }, () => []);

  constructor(producerId: number) {
    this.producerId = producerId;
  }

  /** Sends until the connection breaks. What was not acknowledged is sent again, with its sequence, next time. */
  async runUntilKilled(client: WireClient): Promise<void> {
    for (;;) {
      const partitionData = this.acknowledged.map((offsets, index) => ({
        index,
        records: this.#batch(offsets.length),
      }));
      const request = { acks: -1, timeoutMs: 1000, topicData: [{ name: TOPIC, partitionData }] };
      const answer = await client.call(produce, 9, request).catch(() => null);
      if (answer === null) return;
      for (const { index, errorCode, baseOffset } of answer.responses[0]?.partitionResponses ??
        []) {
        assert.equal(errorCode, ErrorCode.NONE);
        this.acknowledged[index]?.push(baseOffset);
      }
    }
  }

  #batch(baseSequence: number): Buffer {
    const identity = { producerId: this.producerId, producerEpoch: 0, baseSequence };
    return testBatch({ ...identity, bytes: BATCH_BYTES, fill: this.producerId });
  }
}

describe(`through kill -9 under load (seed ${SEED})`, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'broker-kill-'));
  const broker = new KillableBroker(dataDir);
  const random = seededRandom(SEED);

  before(() => broker.start());
  after(async () => {
    await broker.kill();
    rmSync(dataDir, { recursive: true });
  });

  test('every acknowledged batch is there once, at its offset, and retries are recognized', async () => {
    const setUp = await WireClient.connect(broker.port);
    await createTopic(setUp, { name: TOPIC, partitions: PARTITIONS });
    const producers = [11, 12, 13].map((producerId) => new LoadProducer(producerId));
    for (let kill = 0; kill < KILLS; kill++) {
      const clients = await Promise.all(producers.map(() => WireClient.connect(broker.port)));
      const runs = producers.map((producer, index) => {
        const client = clients[index];
        assert.ok(client);
        return producer.runUntilKilled(client);
      });
      await new Promise((resolve) => setTimeout(resolve, 200 + random.below(800)));
      await broker.kill();
      await Promise.all(runs);
      await broker.start();
    }
    const reader = await WireClient.connect(broker.port);
    let acknowledgedCount = 0;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const batches = await readPartition(reader, partition);
      for (const { producerId, acknowledged } of producers) {
        const own = batches.filter((batch) => batch.producerId === producerId);
        const sequences = own.map((batch) => batch.sequence);
        assert.deepEqual(sequences, [...sequences.keys()], 'once, in order, without gaps');
        const offsets = acknowledged[partition] ?? [];
        assert.deepEqual(
          own.slice(0, offsets.length).map((batch) => batch.offset),
          offsets,
        );
        assert.ok(own.length - offsets.length <= 1, 'at most the one that was under way');
        acknowledgedCount += offsets.length;
      }
    }
    assert.ok(acknowledgedCount > 100, `only ${acknowledgedCount} batches were acknowledged`);
  });
});

async function readPartition(
  client: WireClient,
  partition: number,
): Promise<{ producerId: number; sequence: number; offset: number }[]> {
  const batches = [];
  for (let offset = 0; ;) {
    const request = fetchRequest([TOPIC], { offset });
    const topics = request.topics.map(({ topic, partitions }) => ({
      ...(topic === undefined ? {} : { topic }),
      partitions: partitions.map((one) => ({ ...one, partition })),
    }));
    const answer = await client.call(fetch, 12, { ...request, topics });
    const { errorCode, records } = answer.responses[0]?.partitions[0] ?? {};
    assert.equal(errorCode, ErrorCode.NONE);
    const bytes = Buffer.from(records ?? []);
    if (bytes.byteLength === 0) return batches;
    for (const batch of splitBatches(bytes)) {
      assert.equal(batch.hasValidCrc(), true);
      assert.equal(batch.bytes[BATCH_HEADER_BYTES], batch.producerId);
      const { producerId, baseSequence: sequence, baseOffset } = batch;
      batches.push({ producerId, sequence, offset: baseOffset });
      offset = batch.lastOffset + 1;
    }
  }
}
