import { batchSizeBytes, RecordBatch } from './record-batch.ts';

/** For tests: the batches that stand one after the other in what was read. */
export function splitBatches(bytes: Buffer): RecordBatch[] {
  const batches: RecordBatch[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const sizeBytes = batchSizeBytes(bytes, at) ?? bytes.byteLength;
    batches.push(new RecordBatch(bytes.subarray(at, at + sizeBytes)));
    at += sizeBytes;
  }
  return batches;
}
