import { createRecordsBatch, Reader, readRecordsBatches } from '@platformatic/kafka';
import { Bench } from 'tinybench';
import type { OutgoingRecord } from '@chat-cluster/log';
import { encodeRecordBatch } from './record-batch-encoder.ts';
import { readBatchRecords, viewBatch } from './record-batch-reader.ts';

// What a batch of chat messages of 100 bytes takes, in this codec and in the library's, without and with headers.

const RECORD_COUNT = 100;
const timestampMs = 1_700_000_000_000;
const identity = { producerId: 5n, producerEpoch: 0, baseSequence: 0, isTransactional: true };

function recordsWith(headerCount: number): OutgoingRecord[] {
  const headers = Array.from({ length: headerCount }, (_, index) => ({
    key: `header-${index}`,
    value: Buffer.from('12345678'),
  }));
  const body = 'x'.repeat(100);
  return Array.from({ length: RECORD_COUNT }, (_, index) => {
    const conversationKey = `conversation-${index}`;
    const value = { conversationKey, sender: 'bob', recipients: ['ann'], body };
    return {
      key: Buffer.from(conversationKey),
      value: Buffer.from(JSON.stringify(value)),
      headers,
    };
  });
}

/** As the library wants them. */
function messagesOf(records: readonly OutgoingRecord[]): Parameters<typeof createRecordsBatch>[0] {
  return records.map(({ key, value, headers }) => ({
    topic: 'topic',
    partition: 0,
    key: Buffer.from(key ?? []),
    value: Buffer.from(value ?? []),
    headers: new Map(headers.map((header) => [Buffer.from(header.key), Buffer.from(header.value)])),
    timestamp: BigInt(timestampMs),
  }));
}

const bench = new Bench({ time: 500 });
for (const headerCount of [0, 5]) {
  const records = recordsWith(headerCount);
  const messages = messagesOf(records);
  const batch = encodeRecordBatch(records, { ...identity, timestampMs });
  const name = `${headerCount} headers`;
  bench.add(`encode, ${name}`, () => void encodeRecordBatch(records, { ...identity, timestampMs }));
  bench.add(`encode with the library, ${name}`, () => void createRecordsBatch(messages).buffer);
  bench.add(`read, ${name}`, () => {
    const view = viewBatch(batch, 0);
    if (view) readBatchRecords(batch, view, { offsetFrom: 0, records: [] });
  });
  bench.add(`read with the library (no checksum), ${name}`, () => {
    readRecordsBatches(Reader.from(batch));
  });
}
await bench.run();
for (const { name, result } of bench.tasks) {
  if (!('latency' in result)) continue;
  const microseconds = (result.latency.p50 * 1_000) / RECORD_COUNT;
  process.stdout.write(`${microseconds.toFixed(2).padStart(6)} µs a record  ${name}\n`);
}
