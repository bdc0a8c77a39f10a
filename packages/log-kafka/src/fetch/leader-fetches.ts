import { fetchV17 } from '@platformatic/kafka';
import type { Cancel } from '@chat-cluster/kernel';
import { LogError } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import { type FetchAnswer, readFetchAnswer } from '../codec/fetch-answer.ts';
import type { BrokerConnections } from '../connections/broker-connections.ts';
import type { Node } from '../connections/cluster.ts';
import type { FetchingPartition } from './fetching-partition.ts';

export type FetchSizes = {
  readonly responseBytesMax: number;
  readonly partitionBytesMax: number;
  readonly waitMaxMs: number;
};

/** What became of a request: the answer, or why there is none. */
export type FetchOutcome = {
  readonly asked: ReadonlyMap<string, FetchingPartition>;
  readonly result: { readonly answer: FetchAnswer } | { readonly failure: LogError };
};

/**
 * The requests to one leader. The *poll* is the one request that is under way as long as there is anything to fetch; it
 * waits at the broker until records come. A partition that becomes ready meanwhile (added, resumed) would have to wait
 * for it, so an *extra* request on a second connection takes it, and waits only EXTRA_WAIT_MAX_MS; as long as an extra is
 * under way the poll waits no longer than that either, so that both soon become one again.
 *
 *     a ready partition waits at most: EXTRA_DELAY_MS if the poll is in its long wait, EXTRA_WAIT_MAX_MS otherwise,
 *     POLL_INTERVAL_MS if there is no poll under way
 */
export class LeaderFetches {
  readonly node: Node;
  /** In the order of the next request: what brought records goes to the end, so that all get their turn. */
  readonly #partitions = new Set<FetchingPartition>();
  readonly #context: AdapterContext;
  readonly #connections: { readonly poll: BrokerConnections; readonly extra: BrokerConnections };
  readonly #sizes: FetchSizes;
  readonly #onOutcome: (outcome: FetchOutcome) => void;
  #poll: { readonly sentMs: number; readonly waitMs: number } | undefined;
  #extra: { readonly sentMs: number } | undefined;
  #pollNotBeforeMs = -Infinity;
  #isWaking = false;
  #cancelWake: Cancel | undefined;

  constructor(options: {
    readonly node: Node;
    readonly context: AdapterContext;
    readonly connections: { readonly poll: BrokerConnections; readonly extra: BrokerConnections };
    readonly sizes: FetchSizes;
    readonly onOutcome: (outcome: FetchOutcome) => void;
  }) {
    this.node = options.node;
    this.#context = options.context;
    this.#connections = options.connections;
    this.#sizes = options.sizes;
    this.#onOutcome = options.onOutcome;
  }

  add(partition: FetchingPartition): void {
    this.#partitions.add(partition);
    this.wakeSoon();
  }

  remove(partition: FetchingPartition): void {
    this.#partitions.delete(partition);
  }

  /** Puts a partition that brought records behind the others. */
  rotate(partition: FetchingPartition): void {
    if (this.#partitions.delete(partition)) this.#partitions.add(partition);
  }

  /** Something may have become ready; what is called in one go makes one request. */
  wakeSoon(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    queueMicrotask(() => {
      this.#isWaking = false;
      this.#wake();
    });
  }

  stop(): void {
    this.#cancelWake?.();
    this.#partitions.clear();
  }

  #wake(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    const nowMs = this.#context.clock.monotonicMs();
    const ready = [...this.#partitions].filter(
      (partition) => !partition.isPaused && !partition.isUnderWay,
    );
    if (ready.length === 0) return;
    if (!this.#poll) {
      const heldBackMs = this.#pollNotBeforeMs - nowMs;
      if (heldBackMs > 0) {
        this.#cancelWake = this.#context.timers.after(heldBackMs, () => this.#wake());
        return;
      }
      const waitMs = this.#extra ? this.#shortWaitMs : this.#sizes.waitMaxMs;
      this.#poll = { sentMs: nowMs, waitMs };
      void this.#send('poll', ready, waitMs);
      return;
    }
    const isPollBackSoon = this.#poll.waitMs <= EXTRA_WAIT_MAX_MS;
    if (this.#extra || isPollBackSoon) return; // the answer under way wakes
    const dueInMs = this.#poll.sentMs + EXTRA_DELAY_MS - nowMs;
    if (dueInMs > 0) {
      this.#cancelWake = this.#context.timers.after(dueInMs, () => this.#wake());
      return;
    }
    this.#extra = { sentMs: nowMs };
    void this.#send('extra', ready, this.#shortWaitMs);
  }

  get #shortWaitMs(): number {
    return Math.min(EXTRA_WAIT_MAX_MS, this.#sizes.waitMaxMs);
  }

  async #send(
    slot: 'poll' | 'extra',
    partitions: readonly FetchingPartition[],
    waitMs: number,
  ): Promise<void> {
    for (const partition of partitions) partition.isUnderWay = true;
    const result = await this.#ask(slot, partitions, waitMs).then(
      (answer) => ({ answer }),
      (failure: unknown) => {
        if (failure instanceof LogError) return { failure };
        throw failure;
      },
    );
    for (const partition of partitions) partition.isUnderWay = false;
    if (slot === 'extra') this.#extra = undefined;
    else this.#endPoll(result);
    const asked = new Map(partitions.map((partition) => [partition.key, partition]));
    this.#onOutcome({ asked, result });
    this.#wake();
  }

  #endPoll(result: FetchOutcome['result']): void {
    const isSmall = 'answer' in result && recordBytesOf(result.answer) < PACED_BYTES_MAX;
    if (isSmall && this.#poll) this.#pollNotBeforeMs = this.#poll.sentMs + POLL_INTERVAL_MS;
    this.#poll = undefined;
  }

  async #ask(
    slot: 'poll' | 'extra',
    partitions: readonly FetchingPartition[],
    waitMs: number,
  ): Promise<FetchAnswer> {
    const connection = await this.#connections[slot].get(this.node);
    return connection.send({
      apiKey: fetchV17.api.key,
      apiVersion: fetchV17.api.version,
      body: fetchV17.createRequest(
        waitMs,
        BYTES_MIN,
        this.#sizes.responseBytesMax,
        READ_COMMITTED,
        NO_SESSION_ID,
        NO_SESSION_EPOCH,
        requestTopics(partitions, this.#sizes.partitionBytesMax),
        [],
        '',
      ),
      parse: readFetchAnswer,
    });
  }
}

/**
 * Under a moderate load a poll would be answered with a record or two, a thousand times a second, at some 200 µs of
 * processor time each for both ends. So after a small answer the next poll goes out no sooner than this after the one before;
 * records that come after a quiet time are not delayed, and large answers follow one another at once.
 */
const POLL_INTERVAL_MS = 3;
const PACED_BYTES_MAX = 64 * 1024;

/** A busy poll is back sooner than this, and takes what became ready meanwhile. */
const EXTRA_DELAY_MS = 5;
/** Short, so that extra and poll become one again; not so short that an idle extra keeps the broker busy. */
const EXTRA_WAIT_MAX_MS = 20;

const BYTES_MIN = 1;
const READ_COMMITTED = 1;
/** No fetch session: every request names all its partitions (KIP-227). */
const NO_SESSION_ID = 0;
const NO_SESSION_EPOCH = -1;
const UNKNOWN_EPOCH = -1;

function recordBytesOf({ partitions }: FetchAnswer): number {
  return partitions.reduce((sizeBytes, { records }) => sizeBytes + records.length, 0);
}

type RequestTopic = Parameters<typeof fetchV17.createRequest>[6][number];

function requestTopics(
  partitions: readonly FetchingPartition[],
  partitionMaxBytes: number,
): RequestTopic[] {
  const topics = new Map<string, RequestTopic>();
  for (const { at, reader } of partitions) {
    const topic = topics.get(at.topicId) ?? { topicId: at.topicId, partitions: [] };
    topics.set(at.topicId, topic);
    topic.partitions.push({
      partition: at.partition,
      currentLeaderEpoch: UNKNOWN_EPOCH,
      fetchOffset: BigInt(reader.position),
      lastFetchedEpoch: UNKNOWN_EPOCH,
      partitionMaxBytes,
    });
  }
  return [...topics.values()];
}
