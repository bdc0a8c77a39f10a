import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { keyedBatch, type KeyValue } from '../cleaner/cleaning-harness.ts';
import type { WireClient } from '../server/wire-client.ts';
import { EMPTY_RECORD, testBatch } from '../storage/log-harness.ts';
import { Compression } from '../wire/compression.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { produce } from '../wire/messages/00-produce.ts';
import { fetch } from '../wire/messages/01-fetch.ts';
import { listOffsets } from '../wire/messages/02-list-offsets.ts';
import { deleteRecords } from '../wire/messages/21-delete-records.ts';
import { encodeBatch, RecordBatch } from '../wire/record-batch.ts';
import { encodeRecords, readRecords } from '../wire/records.ts';
import { splitBatches } from '../wire/split-batches.ts';
import { createTopic, fetchRequest, openBroker, produceRequest } from './broker-harness.ts';

const LIMITS = { cleanerBackoffMs: 5, retentionCheckMs: 10 };
const CONFIGS = {
  'cleanup.policy': 'compact',
  'segment.bytes': '100',
  'min.cleanable.dirty.ratio': '0.01',
};

async function put(client: WireClient, records: readonly KeyValue[], options = {}) {
  const request = produceRequest('t', keyedBatch(records, options));
  const { responses } = await client.call(produce, 9, request);
  return responses[0]?.partitionResponses[0];
}

/** `offset:key` of every record from `start` on. */
async function readFrom(client: WireClient, start: number): Promise<string[]> {
  const seen: string[] = [];
  for (let offset = start; ;) {
    const answer = await client.call(fetch, 12, fetchRequest(['t'], { offset }));
    const bytes = Buffer.from(answer.responses[0]?.partitions[0]?.records ?? []);
    if (bytes.byteLength === 0) return seen;
    for (const batch of splitBatches(bytes)) {
      offset = batch.lastOffset + 1;
      for (const record of readRecords(batch)) {
        if (record.offset >= start) seen.push(`${record.offset}:${record.key?.toString()}`);
      }
    }
  }
}

async function untilRead(client: WireClient, expected: readonly string[]): Promise<void> {
  const wanted = JSON.stringify(expected);
  let seen = '';
  for (let tries = 0; seen !== wanted; tries++) {
    assert.ok(tries < 1000, `${seen} has not become ${wanted}`);
    await setTimeout(10);
    seen = JSON.stringify(await readFrom(client, 0));
  }
}

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'compaction-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

for (const kind of ['in memory', 'in files'] as const) {
  test(`a compacted topic keeps the last record of each key while it is used (${kind})`, async (context) => {
    const where = kind === 'in files' ? { dataDir: temporaryFolder(context) } : {};
    const { broker, client } = await openBroker(context, { ...where, limits: LIMITS });
    await createTopic(client, { name: 't', configs: CONFIGS });
    for (const [index, codec] of Object.values(Compression).entries()) {
      const timestampMs = 1000 + index * 10;
      await put(client, [['a', '1'], [`k${index}`, '2']], { codec, timestampMs }); // prettier-ignore
    }
    await put(client, [['a', 'end']], { timestampMs: 5000 });
    const expected = ['1:k0', '3:k1', '5:k2', '7:k3', '9:k4', '10:a'];
    // The active segment, from 10 on, is not cleaned: what it supersedes goes when it is closed.
    await untilRead(client, ['1:k0', '3:k1', '5:k2', '7:k3', '8:a', '9:k4', '10:a']);
    await put(client, [['b', 'active']], { timestampMs: 6000 });
    await untilRead(client, [...expected, '11:b']);
    assert.deepEqual(await readFrom(client, 2), [...expected.slice(1), '11:b']);
    const { topics } = await client.call(listOffsets, 7, {
      ...{ replicaId: -1, isolationLevel: 0 },
      topics: [{ name: 't', partitions: [1010, -2, -1].map((timestamp) => ({ partitionIndex: 0, timestamp })) }], // prettier-ignore
    });
    assert.deepEqual(topics[0]?.partitions.map(({ offset }) => offset), [3, 0, 12]); // prettier-ignore
    await client.call(deleteRecords, 2, {
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 4 }] }],
      timeoutMs: 1000,
    });
    assert.deepEqual(await readFrom(client, 4), [...expected.slice(2), '11:b']);
    if (kind === 'in memory') return;
    await broker.close();
    const again = await openBroker(context, { ...where, limits: LIMITS });
    assert.deepEqual(await readFrom(again.client, 4), [...expected.slice(2), '11:b']);
    assert.equal((await put(again.client, [['a', 'x']]))?.baseOffset, 12);
    await again.broker.close();
  });
}

test('a record without a key is refused with its whole batch, and other topics take it', async (context) => {
  const { client } = await openBroker(context);
  await createTopic(client, { name: 't', configs: { 'cleanup.policy': 'compact,delete' } });
  await createTopic(client, { name: 'other' });
  for (const codec of Object.values(Compression)) {
    const { header } = new RecordBatch(testBatch());
    const body = encodeRecords([EMPTY_RECORD], codec);
    const { bytes } = encodeBatch({ ...header, attributes: codec }, body);
    const { responses } = await client.call(produce, 9, produceRequest('t', bytes));
    const answer = responses[0]?.partitionResponses[0];
    assert.equal(answer?.errorCode, ErrorCode.INVALID_RECORD);
    assert.equal(answer?.baseOffset, -1);
    assert.match(answer?.errorMessage ?? '', /rejected due to 1 record errors in total/);
    const batchIndexErrorMessage =
      'Compacted topic cannot accept message without key in topic partition t-0';
    assert.deepEqual(answer?.recordErrors, [{ batchIndex: 0, batchIndexErrorMessage }]);
    const taken = await client.call(produce, 9, produceRequest('other', bytes));
    assert.equal(taken.responses[0]?.partitionResponses[0]?.errorCode, ErrorCode.NONE);
  }
  assert.equal((await put(client, [['a', '1']]))?.baseOffset, 0);
});
