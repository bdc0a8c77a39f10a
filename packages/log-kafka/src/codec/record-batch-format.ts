/**
 * Where the fields of a record batch (magic 2) lie. Big endian; the checksum is CRC-32C of everything from the
 * attributes on; offset and leader epoch are outside it, so that a broker can fill them in.
 * https://kafka.apache.org/documentation/#recordbatch
 *
 *     baseOffset INT64, length INT32 (of what follows it), leaderEpoch INT32, magic INT8, crc UINT32,
 *     attributes INT16, lastOffsetDelta INT32, baseTimestamp INT64, maxTimestamp INT64, producerId INT64,
 *     producerEpoch INT16, baseSequence INT32, recordCount INT32, then the records, maybe compressed:
 *
 *     length VARINT, attributes INT8, timestampDelta VARLONG, offsetDelta VARINT, key and value (length VARINT,
 *     -1 for null, and bytes), headers (count VARINT; each: key and value as above)
 */
export const batchField = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const;

/** Bits of the attributes: how the records are compressed (0 is not at all), … */
export const compressionBits = 0b111;
/** … that the broker gave all records the time `maxTimestamp` when it appended them, … */
export const logAppendTimeBit = 0b1000;
/** … that the batch belongs to a transaction, … */
export const transactionalBit = 0b1_0000;
/** … and that it is a marker: one record whose key says how the producer's transaction ended. */
export const controlBit = 0b10_0000;
