import { listOffsetsV9 } from '@platformatic/kafka';
import type { OffsetSpec, TopicPartition } from '@chat-cluster/log';
import { LogError } from '@chat-cluster/log';
import type { Node } from '../connections/cluster.ts';
import { kafkaError, logErrorOf } from '../connections/kafka-errors.ts';
import { retryPassing } from '../connections/retry-passing.ts';
import { byTopic } from '../produce/by-topic.ts';
import type { AdminParts } from './admin-parts.ts';

type Spec = TopicPartition & { readonly at: OffsetSpec };

/** Places in partitions: each is asked of the partition's leader, all leaders at once. */
export class OffsetLookup {
  readonly #parts: AdminParts;

  constructor(parts: AdminParts) {
    this.#parts = parts;
  }

  async list(specs: readonly Spec[]): Promise<readonly number[]> {
    const offsets = await this.#lookUp(specs);
    const afterAll = specs.filter((_, index) => offsets[index] === NONE);
    if (afterAll.length === 0) return offsets;
    // No record is at or after that time: the end is meant.
    const ends = await this.#lookUp(afterAll.map((spec) => ({ ...spec, at: 'latest' })));
    let endIndex = 0;
    return offsets.map((offset) => (offset === NONE ? (ends[endIndex++] ?? NONE) : offset));
  }

  /** A partition may be asked for only once a request, so each distinct question makes a round of its own. */
  async #lookUp(specs: readonly Spec[]): Promise<number[]> {
    const offsets = specs.map(() => NONE);
    const rounds: { spec: Spec; index: number }[][] = [];
    for (const [index, spec] of specs.entries()) {
      const round = rounds.find((asked) => !asked.some((other) => isSame(other.spec, spec)));
      if (round) round.push({ spec, index });
      else rounds.push([{ spec, index }]);
    }
    for (const round of rounds) {
      const found = await retryPassing(
        () => this.#ask(round.map(({ spec }) => spec)),
        this.#parts.context,
      );
      for (const [at, { index }] of round.entries()) offsets[index] = found[at] ?? NONE;
    }
    return offsets;
  }

  async #ask(specs: readonly Spec[]): Promise<number[]> {
    const leaders = new Map<number, { node: Node; specs: Spec[] }>();
    for (const spec of specs) {
      const node = await this.#parts.cluster.leaderOf(spec.topic, spec.partition);
      const leader = leaders.get(node.nodeId) ?? { node, specs: [] };
      leaders.set(node.nodeId, leader);
      leader.specs.push(spec);
    }
    const found = new Map<string, number>();
    try {
      await Promise.all([...leaders.values()].map((leader) => this.#askLeader(leader, found)));
    } catch (error) {
      for (const { topic } of specs) this.#parts.cluster.forgetTopic(topic);
      throw error;
    }
    return specs.map(({ topic, partition }) => found.get(`${topic}/${partition}`) ?? NONE);
  }

  async #askLeader(
    { node, specs }: { readonly node: Node; readonly specs: readonly Spec[] },
    found: Map<string, number>,
  ): Promise<void> {
    const connection = await this.#parts.connections.get(node);
    const topics = byTopic(specs).map(([name, entries]) => ({
      name,
      partitions: entries.map(({ partition, at }) => ({
        partitionIndex: partition,
        currentLeaderEpoch: UNKNOWN_EPOCH,
        timestamp: timestampOf(at),
      })),
    }));
    const answer = await connection.call(
      listOffsetsV9.api,
      CONSUMER_REPLICA_ID,
      READ_UNCOMMITTED,
      topics,
    );
    for (const { name, partitions } of answer.topics) {
      for (const { partitionIndex, errorCode, offset } of partitions) {
        const what = `Asking for an offset of partition ${partitionIndex} of ${name}`;
        if (errorCode !== kafkaError.none) throw passingAtFirst(errorCode, what);
        found.set(`${name}/${partitionIndex}`, Number(offset));
      }
    }
  }
}

/** Metadata has just named this partition, so a broker that does not know it will soon. */
function passingAtFirst(errorCode: number, what: string): LogError {
  const error = logErrorOf(errorCode, what);
  return error.code === 'unknown-topic' ? new LogError('unavailable', error.message) : error;
}

function isSame(a: TopicPartition, b: TopicPartition): boolean {
  return a.topic === b.topic && a.partition === b.partition;
}

function timestampOf(at: OffsetSpec): bigint {
  if (at === 'earliest') return -2n;
  if (at === 'latest') return -1n;
  return BigInt(at.timestampMs);
}

const NONE = -1;
const UNKNOWN_EPOCH = -1;
const CONSUMER_REPLICA_ID = -1;
const READ_UNCOMMITTED = 0;
