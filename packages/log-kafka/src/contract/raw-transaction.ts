import { setTimeout as delay } from 'node:timers/promises';
import {
  addOffsetsToTxnV4,
  addPartitionsToTxnV3,
  type Connection,
  createRecordsBatch,
  endTxnV4,
  findCoordinatorV6,
  initProducerIdV5,
  produceV11,
  ResponseError,
  txnOffsetCommitV4,
  Writer,
} from '@platformatic/kafka';
import type { Generation, OffsetCommit, OutgoingRecord, TopicPartition } from '@chat-cluster/log';
import type { HeldTransaction } from '@chat-cluster/log/contract';

/** A transaction by hand, with the client library's requests and its record codec: none of log-kafka's code. */
export class RawTransaction implements HeldTransaction {
  readonly #connection: Connection;
  readonly #transactionalId: string;
  readonly #producerId: bigint;
  readonly #producerEpoch: number;
  readonly #sequences = new Map<string, number>();

  private constructor(
    connection: Connection,
    holder: { transactionalId: string; producerId: bigint; producerEpoch: number },
  ) {
    this.#connection = connection;
    this.#transactionalId = holder.transactionalId;
    this.#producerId = holder.producerId;
    this.#producerEpoch = holder.producerEpoch;
  }

  static async open(
    connection: Connection,
    options: { readonly transactionalId: string; readonly transactionTimeoutMs: number },
  ): Promise<RawTransaction> {
    const { transactionalId, transactionTimeoutMs } = options;
    // Being asked for coordinators, a new cluster makes the topics that they keep their state in.
    await patiently(() => findCoordinatorV6.api.async(connection, 0, ['group']));
    await patiently(() => findCoordinatorV6.api.async(connection, 1, [transactionalId]));
    const { producerId, producerEpoch } = await patiently(() =>
      initProducerIdV5.api.async(connection, transactionalId, transactionTimeoutMs, -1n, -1),
    );
    return new RawTransaction(connection, { transactionalId, producerId, producerEpoch });
  }

  async write(to: TopicPartition, records: readonly OutgoingRecord[]): Promise<number> {
    const { topic, partition } = to;
    const topics = [{ name: topic, partitions: [partition] }];
    const holder = this.#holder;
    await patiently(() =>
      addPartitionsToTxnV3.api.async(this.#connection, [{ ...holder, verifyOnly: false, topics }]),
    );
    const key = `${topic}:${partition}`;
    const firstSequence = this.#sequences.get(key) ?? 0;
    this.#sequences.set(key, firstSequence + records.length);
    const batch = createRecordsBatch(
      records.map((record) => messageOf(to, record)),
      { ...holder, sequences: sequencesOf(key, firstSequence) },
    );
    const answer = await patiently(() => this.#produce(to, batch));
    return Number(answer.responses[0]!.partitionResponses[0]!.baseOffset);
  }

  async stageOffsets(staged: {
    readonly groupId: string;
    readonly generation?: Generation;
    readonly offsets: readonly OffsetCommit[];
  }): Promise<void> {
    const { groupId, generation, offsets } = staged;
    const { transactionalId, producerId, producerEpoch } = this.#holder;
    await patiently(() =>
      addOffsetsToTxnV4.api.async(
        this.#connection,
        transactionalId,
        producerId,
        producerEpoch,
        groupId,
      ),
    );
    const topics = offsets.map(({ topic, partition, offsetNext, metadata }) => ({
      name: topic,
      partitions: [
        {
          partitionIndex: partition,
          committedOffset: BigInt(offsetNext),
          committedLeaderEpoch: -1,
          committedMetadata: metadata,
        },
      ],
    }));
    await patiently(() =>
      txnOffsetCommitV4.api.async(
        this.#connection,
        transactionalId,
        groupId,
        producerId,
        producerEpoch,
        generation?.generationId ?? -1,
        generation?.memberId ?? '',
        null,
        topics,
      ),
    );
  }

  /** The second answer comes when the transaction is complete: until then the coordinator says CONCURRENT_TRANSACTIONS. */
  async end(direction: 'commit' | 'abort'): Promise<void> {
    const { transactionalId, producerId, producerEpoch } = this.#holder;
    for (let count = 0; count < 2; count += 1) {
      await patiently(() =>
        endTxnV4.api.async(
          this.#connection,
          transactionalId,
          producerId,
          producerEpoch,
          direction === 'commit',
        ),
      );
    }
  }

  get #holder() {
    return {
      transactionalId: this.#transactionalId,
      producerId: this.#producerId,
      producerEpoch: this.#producerEpoch,
    };
  }

  #produce({ topic, partition }: TopicPartition, batch: Writer) {
    const body = Writer.create()
      .appendString(this.#transactionalId)
      .appendInt16(-1)
      .appendInt32(10_000)
      .appendArray([topic], (topicWriter) => {
        topicWriter.appendString(topic).appendArray([partition], (writer) => {
          writer.appendInt32(partition).appendBytes(batch.buffer);
        });
      })
      .appendTaggedFields();
    const answer = Promise.withResolvers<ReturnType<typeof produceV11.parseResponse>>();
    this.#connection.send<ReturnType<typeof produceV11.parseResponse>>(
      produceV11.api.key,
      produceV11.api.version,
      () => body,
      produceV11.parseResponse,
      true,
      true,
      (error, response) => {
        if (error) answer.reject(error);
        else answer.resolve(response!);
      },
    );
    return answer.promise;
  }
}

type Messages = Parameters<typeof createRecordsBatch>[0];
type Sequences = NonNullable<NonNullable<Parameters<typeof createRecordsBatch>[1]>['sequences']>;

function messageOf(to: TopicPartition, record: OutgoingRecord): Messages[number] {
  const headers = new Map(
    record.headers.map(({ key, value }) => [Buffer.from(key), Buffer.from(value)]),
  );
  const key = record.key === null ? null : Buffer.from(record.key);
  const value = record.value === null ? null : Buffer.from(record.value);
  return { ...to, key, value, headers } as Messages[number];
}

function sequencesOf(key: string, firstSequence: number): Sequences {
  const sequences = {
    getWithDefault: (asked: string, fallback: number) => (asked === key ? firstSequence : fallback),
  };
  return sequences as unknown as Sequences;
}

/** Waits out what passes by itself: markers that are being written, coordinators and leaders that are being found. */
async function patiently<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX || !isPassing(error)) throw error;
    }
    await delay(5);
  }
}

const ATTEMPTS_MAX = 2_000;

function isPassing(error: unknown): boolean {
  if (!(error instanceof ResponseError)) return false;
  const codes = error.errors.map((each: unknown) => (each as { apiCode: number }).apiCode);
  return codes.every((code) => PASSING_CODES.has(code));
}

const PASSING_CODES = new Set([
  3, // UNKNOWN_TOPIC_OR_PARTITION
  6, // NOT_LEADER_OR_FOLLOWER
  14, // COORDINATOR_LOAD_IN_PROGRESS
  15, // COORDINATOR_NOT_AVAILABLE
  16, // NOT_COORDINATOR
  19, // NOT_ENOUGH_REPLICAS: the leader could not verify the transaction yet
  51, // CONCURRENT_TRANSACTIONS
]);
