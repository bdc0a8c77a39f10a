import assert from 'node:assert/strict';
import type { WireClient } from '../server/wire-client.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { fetch } from '../wire/messages/index.ts';
import { BATCH_HEADER_BYTES, type RecordBatch } from '../wire/record-batch.ts';
import { splitBatches } from '../wire/split-batches.ts';

const READ_COMMITTED = 1;

/**
 * The values of a partition that a read_committed consumer sees up to the last stable offset: without
 * those of a producer from the first offset of an aborted transaction to its marker. For tests, of
 * records that a `WireProducer` wrote.
 */
export async function readCommitted(
  client: WireClient,
  topic: string,
  partition: number,
): Promise<string[]> {
  const values: string[] = [];
  for (let offset = 0; ;) {
    const answer = await client.call(fetch, 11, {
      ...{ maxWaitMs: 0, minBytes: 0, isolationLevel: READ_COMMITTED },
      topics: [
        {
          topic,
          partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 1_000_000 }],
        },
      ],
      ...{ forgottenTopicsData: [], rackId: '', sessionEpoch: -1 },
    });
    const found = answer.responses[0]?.partitions[0];
    assert.equal(found?.errorCode, ErrorCode.NONE);
    const bytes = Buffer.from(found?.records ?? []);
    if (bytes.byteLength === 0) return values;
    const aborted = [...(found?.abortedTransactions ?? [])];
    const batches = splitBatches(bytes);
    for (const batch of batches) {
      const isAborted = aborted.some(
        ({ producerId, firstOffset }) =>
          producerId === batch.producerId &&
          firstOffset <= batch.baseOffset &&
          batch.baseOffset < markerAfter(batches, firstOffset, producerId),
      );
      if (!batch.isControl && !isAborted && batch.baseOffset >= offset) values.push(valueOf(batch));
    }
    offset = (batches.at(-1)?.lastOffset ?? offset) + 1;
  }
}

function markerAfter(batches: RecordBatch[], firstOffset: number, producerId: number): number {
  const marker = batches.find(
    (batch) =>
      batch.isControl && batch.producerId === producerId && batch.baseOffset >= firstOffset,
  );
  return marker?.baseOffset ?? Infinity;
}

/** The value of the one record of a `WireProducer`'s batch. */
function valueOf(batch: RecordBatch): string {
  const VALUE_LENGTH_AT = BATCH_HEADER_BYTES + 5;
  const length = batch.bytes.readUInt8(VALUE_LENGTH_AT) / 2;
  return batch.bytes.toString('utf8', VALUE_LENGTH_AT + 1, VALUE_LENGTH_AT + 1 + length);
}
