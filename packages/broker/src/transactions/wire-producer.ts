import type { WireClient } from '../server/wire-client.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  initProducerId,
  offsetFetch,
  produce,
  txnOffsetCommit,
} from '../wire/messages/index.ts';
import { encodeBatch } from '../wire/record-batch.ts';
import { NO_PRODUCER, type ProducerIdentity } from './transaction.ts';

const TRANSACTIONAL = 0x10;

/** A record with an empty key and a value of one to 60 bytes: every varint of it takes one byte. */
function encodeRecord(value: string): Buffer {
  const bytes = Buffer.from(value);
  const body = [0, 0, 0, 1, bytes.byteLength * 2, ...bytes, 0];
  return Buffer.from([body.length * 2, ...body]);
}

/**
 * A transactional producer that sends exactly what it is told, over one connection. For tests and
 * benchmarks of the broker. Every method gives Kafka's error code, the first one if there are several.
 */
export class WireProducer {
  readonly #client: WireClient;
  readonly #transactionalId: string;
  readonly #topic: string;
  /** By partition; starts again with each epoch. */
  #sequences = new Map<number, number>();
  producer: ProducerIdentity = NO_PRODUCER;

  constructor(client: WireClient, of: { transactionalId: string; topic: string }) {
    this.#client = client;
    this.#transactionalId = of.transactionalId;
    this.#topic = of.topic;
  }

  async init({ timeoutMs = 10_000, claimed = NO_PRODUCER } = {}): Promise<number> {
    const { errorCode, producerId, producerEpoch } = await this.#client.call(initProducerId, 4, {
      transactionalId: this.#transactionalId,
      transactionTimeoutMs: timeoutMs,
      ...claimed,
    });
    this.producer = { producerId, producerEpoch };
    this.#sequences = new Map();
    return errorCode;
  }

  async addPartitions(partitions: readonly number[]): Promise<number> {
    const answer = await this.#client.call(addPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: this.#transactionalId,
      v3AndBelowProducerId: this.producer.producerId,
      v3AndBelowProducerEpoch: this.producer.producerEpoch,
      v3AndBelowTopics: [{ name: this.#topic, partitions: [...partitions] }],
    });
    return firstError(
      answer.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
        resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
      ),
    );
  }

  async addOffsets(groupId: string): Promise<number> {
    const answer = await this.#client.call(addOffsetsToTxn, 3, {
      ...{ transactionalId: this.#transactionalId, groupId },
      ...this.producer,
    });
    return answer.errorCode;
  }

  /** One record to each partition. */
  async produce(partitions: readonly number[], value: string): Promise<number> {
    const nowMs = Date.now();
    const partitionData = partitions.map((index) => {
      const baseSequence = this.#sequences.get(index) ?? 0;
      this.#sequences.set(index, baseSequence + 1);
      const header = {
        ...{ baseOffset: 0, lastOffsetDelta: 0, attributes: TRANSACTIONAL, recordsCount: 1 },
        ...{ baseTimestampMs: nowMs, maxTimestampMs: nowMs, baseSequence, ...this.producer },
      };
      return { index, records: encodeBatch(header, encodeRecord(value)).bytes };
    });
    const answer = await this.#client.call(produce, 9, {
      ...{ transactionalId: this.#transactionalId, acks: -1, timeoutMs: 10_000 },
      topicData: [{ name: this.#topic, partitionData }],
    });
    return firstError(
      answer.responses.flatMap(({ partitionResponses }) =>
        partitionResponses.map(({ errorCode }) => errorCode),
      ),
    );
  }

  /** Stages this offset for each partition, as somebody who is in no generation. */
  async commitOffsets(
    groupId: string,
    partitions: readonly number[],
    committedOffset: number,
  ): Promise<number> {
    const answer = await this.#client.call(txnOffsetCommit, 3, {
      ...{ transactionalId: this.#transactionalId, groupId, ...this.producer },
      topics: [
        {
          name: this.#topic,
          partitions: partitions.map((partitionIndex) => ({
            ...{ partitionIndex, committedOffset, committedMetadata: 'metadata' },
          })),
        },
      ],
    });
    return firstError(
      answer.topics.flatMap(({ partitions: codes }) => codes.map(({ errorCode }) => errorCode)),
    );
  }

  async end(committed: boolean): Promise<number> {
    const { errorCode } = await this.#client.call(endTxn, 3, {
      ...{ transactionalId: this.#transactionalId, committed, ...this.producer },
    });
    return errorCode;
  }

  /** The stable offset of partition 0: -1 if there is none, an error code's name if it is not stable. */
  async stableOffset(groupId: string): Promise<number | 'unstable'> {
    const topics = [{ name: this.#topic, partitionIndexes: [0] }];
    const answer = await this.#client.call(offsetFetch, 7, {
      groupId,
      topics,
      requireStable: true,
    });
    const partition = answer.topics[0]?.partitions[0];
    const isUnstable = partition?.errorCode === ErrorCode.UNSTABLE_OFFSET_COMMIT;
    return isUnstable ? 'unstable' : (partition?.committedOffset ?? -1);
  }
}

function firstError(codes: readonly number[]): number {
  return codes.find((code) => code !== ErrorCode.NONE) ?? ErrorCode.NONE;
}
