import { produceV11 } from '@platformatic/kafka';
import { type Deferred, deferred, sleep } from '@chat-cluster/kernel';
import type { AdapterContext } from '../adapter-context.ts';
import { type ProducedPartition, readProduceAnswer } from '../codec/produce-answer.ts';
import { produceBody } from '../codec/produce-body.ts';
import type { BrokerConnections } from '../connections/broker-connections.ts';
import type { Node } from '../connections/cluster.ts';
import { kafkaError } from '../connections/kafka-errors.ts';
import { byTopic } from './by-topic.ts';

export type PlacedBatch = {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
};

type Waiting = PlacedBatch & { readonly answer: Deferred<ProducedPartition> };

/**
 * Produce requests outside of transactions: one under way to each leader. Batches that come meanwhile go out together in
 * the next one, because a request costs far more than a small batch does. The caller has one batch a partition under way.
 */
export class LeaderRequests {
  readonly #connections: BrokerConnections;
  readonly #context: AdapterContext;
  /** By node id; a node is here while a request to it is under way. */
  readonly #waiting = new Map<number, Waiting[]>();

  constructor(connections: BrokerConnections, context: AdapterContext) {
    this.#connections = connections;
    this.#context = context;
  }

  /** @throws LogError `unavailable` when the answer is lost, `closed` */
  send(node: Node, batch: PlacedBatch): Promise<ProducedPartition> {
    const answer = deferred<ProducedPartition>();
    const waiting = this.#waiting.get(node.nodeId);
    if (waiting) {
      waiting.push({ ...batch, answer });
    } else {
      this.#waiting.set(node.nodeId, [{ ...batch, answer }]);
      void this.#drain(node);
    }
    return answer.promise;
  }

  async #drain(node: Node): Promise<void> {
    const { clock, timers } = this.#context;
    await Promise.resolve(); // batches of one go share a request
    for (;;) {
      const next = takeRequest(this.#waiting.get(node.nodeId) ?? []);
      if (next.length === 0) break;
      const sentMs = clock.monotonicMs();
      await this.#ask(node, next);
      const earlyMs = sentMs + REQUEST_INTERVAL_MS - clock.monotonicMs();
      if (earlyMs > 0 && bytesOf(next) < PACED_BYTES_MAX) await sleep(timers, earlyMs);
    }
    this.#waiting.delete(node.nodeId);
  }

  async #ask(node: Node, batches: readonly Waiting[]): Promise<void> {
    try {
      const connection = await this.#connections.get(node);
      const topics = byTopic(batches).map(([topic, partitions]) => ({ topic, partitions }));
      const answers = await connection.send({
        apiKey: produceV11.api.key,
        apiVersion: produceV11.api.version,
        body: produceBody(topics, {
          transactionalId: null,
          timeoutMs: this.#context.settings.requestTimeoutMs,
        }),
        parse: readProduceAnswer,
      });
      for (const { topic, partition, answer } of batches) {
        answer.resolve(answers.get(`${topic}/${partition}`) ?? MISSING);
      }
    } catch (error) {
      for (const { answer } of batches) answer.reject(error);
    }
  }
}

const MISSING: ProducedPartition = { errorCode: kafkaError.unknownServerError, baseOffset: -1 };

/** Takes what fits into one request: at least one batch. */
function takeRequest(waiting: Waiting[]): Waiting[] {
  let count = 0;
  let sizeBytes = 0;
  for (const { batch } of waiting) {
    if (count > 0 && sizeBytes + batch.length > REQUEST_BYTES_MAX) break;
    sizeBytes += batch.length;
    count += 1;
  }
  return waiting.splice(0, count);
}

function bytesOf(batches: readonly PlacedBatch[]): number {
  return batches.reduce((sizeBytes, { batch }) => sizeBytes + batch.length, 0);
}

/**
 * After a small request the next one goes out no sooner than this after it, or a moderate load would make a request of every
 * record. What is sent after a quiet time is not delayed.
 */
const REQUEST_INTERVAL_MS = 2;
const PACED_BYTES_MAX = 64 * 1024;
/** Eight of the largest batches. */
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
