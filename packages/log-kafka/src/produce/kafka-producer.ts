import { initProducerIdV5 } from '@platformatic/kafka';
import { assert, deferred, sleep } from '@chat-cluster/kernel';
import { LogError, type Producer, type TopicPartition } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import { encodeRecordBatch, type TimedRecord } from '../codec/record-batch-encoder.ts';
import { BrokerConnections, closedError } from '../connections/broker-connections.ts';
import type { Cluster } from '../connections/cluster.ts';
import { kafkaError, logErrorOf } from '../connections/kafka-errors.ts';
import { isPassing, retryBackoffMs, retryPassing } from '../connections/retry-passing.ts';
import { LeaderRequests } from './leader-requests.ts';
import { PartitionQueue, type QueuedSend, sizeOf } from './partition-queue.ts';

/**
 * The port's Producer: idempotent, one batch a partition and one request a leader under way. What is sent meanwhile waits,
 * and goes out together in the next batch. A batch whose answer was lost is sent again with the same sequence, so the broker appends it once.
 */
export class KafkaProducer implements Producer {
  readonly #context: AdapterContext;
  readonly #cluster: Cluster;
  readonly #connections: BrokerConnections;
  readonly #requests: LeaderRequests;
  readonly #queues = new Map<string, PartitionQueue>();
  readonly #busy = new Set<PartitionQueue>();
  #identity: Promise<{ producerId: bigint; producerEpoch: number }> | undefined;
  #queuedBytes = 0;
  #isClosed = false;

  constructor(from: { readonly context: AdapterContext; readonly cluster: Cluster }) {
    this.#context = from.context;
    this.#cluster = from.cluster;
    const { settings, report } = from.context;
    this.#connections = new BrokerConnections(settings, report);
    this.#requests = new LeaderRequests(this.#connections, from.context);
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

  get isClosed(): boolean {
    return this.#isClosed;
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
    let batch = await this.#encode(queue, records);
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#ask(queue, batch);
      if (typeof outcome === 'number') {
        queue.sequenceNext = (queue.sequenceNext + records.length) % SEQUENCE_COUNT;
        return outcome;
      }
      if (outcome === 'not in sequence') {
        this.#startAnew(queue);
        if (attempt > 1) throw notKnown(queue.at);
        batch = await this.#encode(queue, records); // it was sent once, and refused: nothing is written
      } else if (this.#isClosed || clock.monotonicMs() >= endMs) {
        this.#startAnew(queue);
        throw this.#isClosed ? closedError() : outcome;
      } else {
        this.#cluster.forgetTopic(queue.at.topic);
        this.#reportRetry(queue.at, outcome);
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

  /**
   * @returns the offset, or what may pass when the batch is sent again
   * @throws LogError when it will not pass
   */
  async #ask(queue: PartitionQueue, batch: Buffer): Promise<number | 'not in sequence' | LogError> {
    const { topic, partition } = queue.at;
    try {
      const node = await this.#cluster.leaderOf(topic, partition);
      const { errorCode, baseOffset } = await this.#requests.send(node, {
        topic,
        partition,
        batch,
      });
      if (errorCode === kafkaError.none) return baseOffset;
      if (sequenceCodes.has(errorCode)) return 'not in sequence';
      throw logErrorOf(errorCode, `Writing to partition ${partition} of ${topic}`);
    } catch (error) {
      if (error instanceof LogError && isPassing(error)) return error;
      // A batch that is too large took no sequence number, and is the one refusal that clients cause every day.
      if (!(error instanceof LogError) || error.code !== 'too-large') this.#startAnew(queue);
      throw this.#isClosed ? closedError() : error;
    }
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

/** The broker has forgotten this producer, or another batch of it is missing. */
const sequenceCodes: ReadonlySet<number> = new Set([
  45, // OUT_OF_ORDER_SEQUENCE_NUMBER
  46, // DUPLICATE_SEQUENCE_NUMBER
  59, // UNKNOWN_PRODUCER_ID
]);

function notKnown({ topic, partition }: TopicPartition): LogError {
  return new LogError(
    'unavailable',
    `Nobody knows whether a batch was written to partition ${partition} of ${topic}.`,
  );
}
