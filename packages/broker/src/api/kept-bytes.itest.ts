import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Compression } from '../wire/compression.ts';
import { produce } from '../wire/messages/00-produce.ts';
import { fetch } from '../wire/messages/01-fetch.ts';
import { encodeBatch } from '../wire/record-batch.ts';
import { createTopic, fetchRequest, openBroker, produceRequest } from './broker-harness.ts';

const BASE_OFFSET_AT = 0;
const LEADER_EPOCH_AT = 12;
const UNKNOWN_LEADER_EPOCH = -1;

const BASE_TIMESTAMP_MS = 1_700_000_000_000;

/** Two records, the second 300 ms and one offset after the first; each is its length, zigzag, and its body. */
const PLAIN = Buffer.from([12, 0, 0, 0, 1, 1, 0, 16, 0, 0xd8, 0x04, 2, 2, 65, 1, 0]);

/** The same, with the key `k`, the value `v`, and the headers `a` of one byte, `b` without a value and `a` again, empty. */
const WITH_HEADERS = Buffer.from([
  ...[36, 0, 0, 0, 2, 107, 2, 118, 6, 2, 97, 2, 0xff, 2, 98, 1, 2, 97, 0],
  ...[38, 0, 0xd8, 0x04, 2, 2, 107, 2, 118, 6, 2, 97, 2, 0x00, 2, 98, 1, 2, 97, 0],
]);

/** What a producer sends: it knows neither the offset nor the leader's epoch. */
function sentBatch(of: {
  readonly records: Buffer;
  readonly compression?: number;
  readonly producer?: {
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly baseSequence: number;
  };
}): Buffer {
  const { records, compression = Compression.NONE } = of;
  const header = {
    baseOffset: 0,
    lastOffsetDelta: 1,
    attributes: compression,
    baseTimestampMs: BASE_TIMESTAMP_MS,
    maxTimestampMs: BASE_TIMESTAMP_MS + 300,
    ...(of.producer ?? { producerId: -1, producerEpoch: -1, baseSequence: -1 }),
    recordsCount: 2,
  };
  const { bytes } = encodeBatch(header, records);
  bytes.writeInt32BE(UNKNOWN_LEADER_EPOCH, LEADER_EPOCH_AT);
  return bytes;
}

/** All that a broker may write into it. */
function placedAt(offset: number, sent: Buffer): Buffer {
  const placed = Buffer.from(sent);
  placed.writeBigInt64BE(BigInt(offset), BASE_OFFSET_AT);
  placed.writeInt32BE(0, LEADER_EPOCH_AT);
  return placed;
}

test('a batch is fetched with the bytes that were sent, but for its offset and the leader epoch; after a restart too', async (context) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'kept-bytes-'));
  context.after(() => rmSync(dataDir, { recursive: true }));
  const producer = { producerId: 5_000_000_001, producerEpoch: 7, baseSequence: 0 };
  const opaque = Buffer.from('The broker cannot read this, and need not.');
  const sent = [
    sentBatch({ records: PLAIN }),
    sentBatch({ records: WITH_HEADERS }),
    sentBatch({ records: gzipSync(WITH_HEADERS), compression: Compression.GZIP }),
    sentBatch({ records: zstdCompressSync(PLAIN), compression: Compression.ZSTD }),
    sentBatch({ records: opaque, compression: Compression.SNAPPY }),
    sentBatch({ records: opaque, compression: Compression.LZ4 }),
    sentBatch({ records: gzipSync(PLAIN), compression: Compression.GZIP, producer }),
  ];
  const expected = Buffer.concat(sent.map((batch, index) => placedAt(2 * index, batch)));
  const { broker, client } = await openBroker(context, { dataDir });
  await createTopic(client, { name: 't' });
  for (const batch of sent) {
    const { responses } = await client.call(produce, 9, produceRequest('t', batch));
    assert.equal(responses[0]?.partitionResponses[0]?.errorCode, 0);
  }
  assert.deepEqual(await fetchAll(client), expected);
  await broker.close();
  const again = await openBroker(context, { dataDir });
  assert.deepEqual(await fetchAll(again.client), expected);
  await again.broker.close();
});

async function fetchAll(client: Awaited<ReturnType<typeof openBroker>>['client']) {
  const { responses } = await client.call(fetch, 12, fetchRequest(['t']));
  return Buffer.from(responses[0]?.partitions[0]?.records ?? []);
}
