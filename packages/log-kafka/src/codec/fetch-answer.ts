import { Reader } from '@platformatic/kafka';
import { LogError } from '@chat-cluster/log';

/** A transaction that was aborted, from its first record in the partition on. */
export type AbortedTransaction = { readonly producerId: number; readonly firstOffset: number };

export type FetchedPartition = {
  readonly topicId: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly abortedTransactions: readonly AbortedTransaction[];
  /** Record batches, a view of the answer; the last one may be cut. */
  readonly records: Buffer;
};

export type FetchAnswer = {
  readonly errorCode: number;
  readonly partitions: readonly FetchedPartition[];
};

/**
 * Reads a Fetch answer (version 17; see the library's fetch-v17.js for the grammar) without decoding the records:
 * the library's own parser makes several objects a record.
 *
 * @throws LogError `corrupt` when the body ends too early
 */
export function readFetchAnswer(body: Buffer): FetchAnswer {
  const reader = Reader.from(body);
  try {
    reader.readInt32(); // throttle time: the broker holds back its answers itself
    const errorCode = reader.readInt16();
    reader.readInt32(); // session id: every request is a full one
    const partitions: FetchedPartition[] = [];
    reader.readArray((topic) => {
      const topicId = topic.readUUID();
      topic.readArray(
        () => partitions.push(readPartition(reader, { body, topicId })),
        true,
        false, // readPartition reads the tagged fields itself
      );
    });
    return { errorCode, partitions };
  } catch (cause) {
    if (cause instanceof LogError) throw cause;
    throw new LogError('corrupt', 'A Fetch answer cannot be read.', { cause });
  }
}

function readPartition(
  reader: Reader,
  from: { readonly body: Buffer; readonly topicId: string },
): FetchedPartition {
  const partition = reader.readInt32();
  const errorCode = reader.readInt16();
  const highWatermark = Number(reader.readInt64());
  reader.skip(LAST_STABLE_OFFSET_BYTES + LOG_START_OFFSET_BYTES);
  const abortedTransactions = reader.readArray((aborted) => ({
    producerId: Number(aborted.readInt64()),
    firstOffset: Number(aborted.readInt64()),
  }));
  reader.readInt32(); // preferred read replica: none is asked for
  const size = Math.max(0, reader.readUnsignedVarInt() - 1);
  if (size > reader.remaining) throw new LogError('corrupt', 'A Fetch answer ends too early.');
  const records = from.body.subarray(reader.position, reader.position + size);
  reader.skip(size);
  reader.readTaggedFields();
  return {
    topicId: from.topicId,
    partition,
    errorCode,
    highWatermark,
    abortedTransactions,
    records,
  };
}

const LAST_STABLE_OFFSET_BYTES = 8;
const LOG_START_OFFSET_BYTES = 8;
