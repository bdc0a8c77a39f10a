import { crc32c } from './crc32c.ts';
import { encodeRecordBatch } from './record-batch-encoder.ts';
import { batchField, controlBit, transactionalBit } from './record-batch-format.ts';

/** For tests: the marker that a broker writes when a transaction ends. */
export function markerBatch(marker: {
  readonly producerId: number;
  readonly outcome: 'commit' | 'abort';
}): Buffer {
  const key = Buffer.from([0, 0, 0, marker.outcome === 'commit' ? 1 : 0]);
  const value = Buffer.alloc(6); // version and coordinator epoch
  const batch = encodeRecordBatch([{ key, value, headers: [] }], {
    producerId: BigInt(marker.producerId),
    producerEpoch: 0,
    baseSequence: -1,
    isTransactional: true,
    timestampMs: 1,
  });
  batch.writeInt16BE(transactionalBit | controlBit, batchField.attributes);
  batch.writeUInt32BE(crc32c(batch.subarray(batchField.attributes)), batchField.crc);
  return batch;
}

/** For tests: gives a batch its place in the log, as a broker does when it appends it. */
export function withBaseOffset(batch: Buffer, baseOffset: number): Buffer {
  const placed = Buffer.from(batch);
  placed.writeBigInt64BE(BigInt(baseOffset), batchField.baseOffset);
  return placed;
}
