import { type Reader, Writer } from '@platformatic/kafka';

export type SeenFetch = {
  readonly waitMs: number;
  readonly isolationLevel: number;
  /** `partition@offset`, in the order of the request. */
  readonly partitions: readonly string[];
};

export function readFetch(request: Reader): SeenFetch {
  request.reset();
  const waitMs = request.readInt32();
  request.skip(4 + 4); // least and most bytes
  const isolationLevel = request.readInt8();
  request.skip(4 + 4); // session
  const partitions = request.readArray((topic) => {
    topic.skip(16); // topic id
    return topic.readArray((reader) => {
      const partition = reader.readInt32();
      reader.skip(4); // leader epoch
      const offset = reader.readInt64();
      reader.skip(4 + 8 + 4); // last epoch, log start, most bytes
      return `${partition}@${offset}`;
    });
  });
  return { waitMs, isolationLevel, partitions: partitions.flat() };
}

export type ScriptedPartition = {
  readonly partition: number;
  readonly errorCode?: number;
  /** Default 77. */
  readonly highWatermark?: bigint;
  readonly records?: Buffer;
  readonly aborted?: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
};

/** The answer of a broker about one topic. */
export function fetchAnswer(topicId: string, partitions: readonly ScriptedPartition[]): Writer {
  return Writer.create()
    .appendInt32(0)
    .appendInt16(0)
    .appendInt32(0)
    .appendArray([topicId], (topicWriter) => {
      topicWriter.appendUUID(topicId).appendArray([...partitions], (writer, entry) => {
        writer.appendInt32(entry.partition).appendInt16(entry.errorCode ?? 0);
        const highWatermark = entry.highWatermark ?? 77n;
        writer.appendInt64(highWatermark).appendInt64(highWatermark).appendInt64(0n); // … stable offset, start
        writer.appendArray([...(entry.aborted ?? [])], (list, { producerId, firstOffset }) => {
          list.appendInt64(producerId).appendInt64(firstOffset);
        });
        writer.appendInt32(-1).appendBytes(entry.records ?? Buffer.alloc(0));
      });
    })
    .appendTaggedFields();
}
