import { initProducerIdV5, produceV11 } from '@platformatic/kafka';
import { assert, deferred, sleep } from '@chat-cluster/kernel';
import { LogError, type Producer, type TopicPartition } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import { readProduceAnswer } from '../codec/produce-answer.ts';
import { produceBody } from '../codec/produce-body.ts';
import { encodeRecordBatch, type TimedRecord } from '../codec/record-batch-encoder.ts';
import { BrokerConnections, closedError } from '../connections/broker-connections.ts';
import type { Cluster } from '../connections/cluster.ts';
import { kafkaError, logErrorOf } from '../connections/kafka-errors.ts';
import { isPassing, retryBackoffMs, retryPassing } from '../connections/retry-passing.ts';
import { PartitionQueue, type QueuedSend, sizeOf } from './partition-queue.ts';

/**
 * The port's Producer: idempotent, one batch a partition under way. What is sent meanwhile waits, and goes out together in
 * the next batch. A batch whose answer was lost is sent again with the same sequence, so the broker appends it once.
 */
export class KafkaProducer implements Producer {
  readonly #context: AdapterContext;
  readonly #cluster: Cluster;
  readonly #connections: BrokerConnections;
  readonly #queues = new Map<string, PartitionQueue>();
  readonly #busy = new Set<PartitionQueue>();
  #identity: Promise<{ producerId: bigint; producerEpoch: number }> | undefined;
  #queuedBytes = 0;
  #isClosed = false;

  constructor(from: { readonly context: AdapterContext; readonly cluster: Cluster }) {
    this.#context = from.context;
    this.#cluster = from.cluster;
    this.#connections = new BrokerConnections(from.context.settings, from.context.report);
  }

  async send(to: TopicPartition, records: readonly TimedRecord[]): Promise<number> {
    assert(records.length > 0, 'A send has records.');
    if (this.#isClosed) throw closedError();
    const sizeBytes = sizeOf(records);
    if (sizeBytes > SEND_BYTES_MAX) {
      throw new LogError('too-large', `One send is at most ${SEND_BYTES_MAX} bytes.`);
    }
    if (this.#queuedBytes + sizeBytes > QUEUED_BYTES_MAX) {
      throw new LogError('unavailable', 'Too much waits to be written already.');
    }
    const answer = deferred<number>();
    const queue = this.#queueOf(to);
    queue.push({ records, sizeBytes, answer });
    this.#queuedBytes += sizeBytes;
    if (!this.#busy.has(queue)) void this.#drain(queue);
    return answer.promise;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const queue of this.#queues.values()) {
      for (const { answer } of queue.takeAll()) answer.reject(closedError());
    }
    await this.#connections.close();
  }

  #queueOf(to: TopicPartition): PartitionQueue {
    const key = `${to.topic}/${to.partition}`;
    const known = this.#queues.get(key);
    if (known) return known;
    const queue = new PartitionQueue({ topic: to.topic, partition: to.partition });
    this.#queues.set(key, queue);
    return queue;
  }

  async #drain(queue: PartitionQueue): Promise<void> {
    this.#busy.add(queue);
    await Promise.resolve(); // calls in one go share a batch
    while (!queue.isEmpty) await this.#write(queue, queue.takeBatch());
    this.#busy.delete(queue);
  }

  async #write(queue: PartitionQueue, sends: readonly QueuedSend[]): Promise<void> {
    try {
      let offset = await this.#append(
        queue,
        sends.flatMap(({ records }) => records),
      );
      for (const { answer, records, sizeBytes } of sends) {
        this.#queuedBytes -= sizeBytes;
        answer.resolve(offset);
        offset += records.length;
      }
    } catch (error) {
      if (sends.length > 1 && error instanceof LogError && error.code === 'too-large') {
        for (const send of sends) await this.#write(queue, [send]);
        return;
      }
      for (const { answer, sizeBytes } of sends) {
        this.#queuedBytes -= sizeBytes;
        answer.reject(error);
      }
    }
  }

  /** @returns the offset of the first record */
  async #append(queue: PartitionQueue, records: readonly TimedRecord[]): Promise<number> {
    const { clock, timers, retryTimeoutMs } = this.#context;
    const endMs = clock.monotonicMs() + retryTimeoutMs;
    const batch = await this.#encode(queue, records);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const offset = await this.#ask(queue.at, batch);
        queue.sequenceNext = (queue.sequenceNext + records.length) % SEQUENCE_COUNT;
        return offset;
      } catch (error) {
        if (!isPassing(error) || this.#isClosed || clock.monotonicMs() >= endMs) {
          if (mayBeWritten(error)) this.#startAnew(queue);
          throw this.#isClosed ? closedError() : error;
        }
        this.#cluster.forgetTopic(queue.at.topic);
        this.#reportRetry(queue.at, error);
      }
      await sleep(timers, retryBackoffMs(attempt));
    }
  }

  async #encode(queue: PartitionQueue, records: readonly TimedRecord[]): Promise<Buffer> {
    if (!queue.identity) {
      queue.identity = await this.#currentIdentity();
      queue.sequenceNext = 0;
    }
    return encodeRecordBatch(records, {
      ...queue.identity,
      baseSequence: queue.sequenceNext,
      isTransactional: false,
      timestampMs: this.#context.clock.wallMs(),
    });
  }

  async #ask({ topic, partition }: TopicPartition, batch: Buffer): Promise<number> {
    const node = await this.#cluster.leaderOf(topic, partition);
    const connection = await this.#connections.get(node);
    const answer = await connection.send({
      apiKey: produceV11.api.key,
      apiVersion: produceV11.api.version,
      body: produceBody([{ topic, partitions: [{ partition, batch }] }], {
        transactionalId: null,
        timeoutMs: this.#context.settings.requestTimeoutMs,
      }),
      parse: readProduceAnswer,
    });
    const result = answer.get(`${topic}/${partition}`);
    const errorCode = result?.errorCode ?? kafkaError.unknownServerError;
    if (result && errorCode === kafkaError.none) return result.baseOffset;
    throw logErrorOf(errorCode, `Writing to partition ${partition} of ${topic}`);
  }

  /** A batch that may or may not have been appended leaves the sequence in doubt: further ones need another identity. */
  #startAnew(queue: PartitionQueue): void {
    queue.identity = undefined;
    this.#identity = undefined;
  }

  #currentIdentity(): Promise<{ producerId: bigint; producerEpoch: number }> {
    this.#identity ??= this.#askIdentity();
    const asked = this.#identity;
    asked.catch(() => {
      if (this.#identity === asked) this.#identity = undefined;
    });
    return asked;
  }

  #askIdentity(): Promise<{ producerId: bigint; producerEpoch: number }> {
    return retryPassing(async () => {
      const { errorCode, producerId, producerEpoch } = await this.#cluster.ask(
        initProducerIdV5.api,
        null,
        UNUSED_TIMEOUT_MS,
        -1n,
        -1,
      );
      if (errorCode !== kafkaError.none) throw logErrorOf(errorCode, 'Asking for a producer id');
      return { producerId, producerEpoch };
    }, this.#context);
  }

  #reportRetry({ topic, partition }: TopicPartition, cause: unknown): void {
    this.#context.report({
      kind: 'produce-retried',
      message: `A batch for partition ${partition} of ${topic} is sent again.`,
      cause,
    });
  }
}

/** The port's limit of one send, with the framing of its records. */
const SEND_BYTES_MAX = 1_048_576;
/** What waits over all partitions: 32 of the largest sends. */
const QUEUED_BYTES_MAX = 32 * SEND_BYTES_MAX;
const SEQUENCE_COUNT = 2 ** 31;
/** A transaction time-out, which a producer without transactions does not have. */
const UNUSED_TIMEOUT_MS = 60_000;

/** Only a definite refusal says that nothing was appended. */
function mayBeWritten(error: unknown): boolean {
  return (
    !(error instanceof LogError) || (error.code !== 'too-large' && error.code !== 'unknown-topic')
  );
}
