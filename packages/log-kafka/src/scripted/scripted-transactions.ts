import {
  addOffsetsToTxnV4,
  addPartitionsToTxnV3,
  endTxnV4,
  produceV11,
  type Reader,
  txnOffsetCommitV4,
  Writer,
} from '@platformatic/kafka';
import { errorCodeAnswer, type ScriptedBroker } from './scripted-broker.ts';

/** Lets every request of a transaction succeed; a test then replaces what it is about. */
export function acceptTransactions(broker: ScriptedBroker): void {
  broker.on(addPartitionsToTxnV3.api.key, ({ body }) => partitionsAddedAnswer(body, 0));
  broker.on(addOffsetsToTxnV4.api.key, () => errorCodeAnswer(0));
  broker.on(produceV11.api.key, ({ body }) => producedAnswer(readProduce(body), () => 0));
  broker.on(txnOffsetCommitV4.api.key, ({ body }) => offsetsAnswer(readOffsets(body), 0));
  broker.on(endTxnV4.api.key, () => errorCodeAnswer(0));
}

type TopicPartitions = { readonly name: string; readonly partitions: readonly number[] };

export function partitionsAddedAnswer(request: Reader, errorCode: number): Writer {
  request.reset();
  request.readString();
  request.skip(8 + 2); // producer id and epoch
  const topics = request.readArray((topic) => ({
    name: topic.readString(),
    partitions: topic.readArray((reader) => reader.readInt32(), true, false),
  }));
  return topicsAnswer(Writer.create().appendInt32(0), topics, errorCode);
}

export type SeenProduce = {
  readonly transactionalId: string | null;
  readonly batches: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly bytes: Buffer;
  }[];
};

export function readProduce(request: Reader): SeenProduce {
  request.reset();
  const transactionalId = request.readNullableString();
  request.skip(2 + 4); // acks and time-out
  const batches = request.readArray((topicReader) => {
    const topic = topicReader.readString();
    return topicReader.readArray((reader) => ({
      topic,
      partition: reader.readInt32(),
      bytes: Buffer.from(reader.readBytes()),
    }));
  });
  return { transactionalId, batches: batches.flat() };
}

/**
 * @param codeOf the error code for a partition
 * @param baseOffset of every batch
 */
export function producedAnswer(
  { batches }: SeenProduce,
  codeOf: (partition: number) => number,
  baseOffset = 100,
): Writer {
  return Writer.create()
    .appendArray([...batches], (topicWriter, { topic, partition }) => {
      topicWriter.appendString(topic).appendArray([partition], (writer) => {
        writer
          .appendInt32(partition)
          .appendInt16(codeOf(partition))
          .appendInt64(BigInt(baseOffset));
        writer
          .appendInt64(-1n)
          .appendInt64(0n)
          .appendArray([], () => undefined)
          .appendString(null);
      });
    })
    .appendInt32(0)
    .appendTaggedFields();
}

export type SeenOffsets = {
  readonly transactionalId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly topics: readonly TopicPartitions[];
};

export function readOffsets(request: Reader): SeenOffsets {
  request.reset();
  const transactionalId = request.readString();
  request.readString();
  request.skip(8 + 2); // producer id and epoch
  const generationId = request.readInt32();
  const memberId = request.readString();
  request.readNullableString();
  const topics = request.readArray((topic) => ({
    name: topic.readString(),
    partitions: topic.readArray((reader) => {
      const partition = reader.readInt32();
      reader.skip(8 + 4); // offset and leader epoch
      reader.readNullableString();
      return partition;
    }),
  }));
  return { transactionalId, generationId, memberId, topics };
}

export function offsetsAnswer({ topics }: SeenOffsets, errorCode: number): Writer {
  return topicsAnswer(Writer.create().appendInt32(0), topics, errorCode);
}

/** `<transactional id>:<epoch>:<commit or abort>` of an EndTxn. */
export function readEnd(request: Reader): string {
  request.reset();
  const transactionalId = request.readString();
  request.readInt64();
  const epoch = request.readInt16();
  return `${transactionalId}:${epoch}:${request.readBoolean() ? 'commit' : 'abort'}`;
}

/** `<transactional id>:<producer id>:<epoch>` of an InitProducerId. */
export function readInit(request: Reader): string {
  request.reset();
  const transactionalId = request.readNullableString();
  request.readInt32();
  return `${transactionalId}:${request.readInt64()}:${request.readInt16()}`;
}

function topicsAnswer(
  writer: Writer,
  topics: readonly TopicPartitions[],
  errorCode: number,
): Writer {
  return writer
    .appendArray([...topics], (topicWriter, { name, partitions }) => {
      topicWriter.appendString(name).appendArray([...partitions], (entry, partition) => {
        entry.appendInt32(partition).appendInt16(errorCode);
      });
    })
    .appendTaggedFields();
}
