import { assert } from '@chat-cluster/kernel';
import {
  type Fetcher,
  type FetcherListener,
  type FetcherOptions,
  LogError,
  type TopicIdPartition,
  type TopicPartition,
} from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import type { FetchedPartition } from '../codec/fetch-answer.ts';
import { BrokerConnections } from '../connections/broker-connections.ts';
import type { Cluster, Node, TopicMetadata } from '../connections/cluster.ts';
import { kafkaError, kafkaErrorName, logErrorOf } from '../connections/kafka-errors.ts';
import { retryBackoffMs } from '../connections/retry-passing.ts';
import { FetchingPartition, partitionKey } from './fetching-partition.ts';
import { type FetchOutcome, type FetchSizes, LeaderFetches } from './leader-fetches.ts';

/** The port's Fetcher on Kafka's Fetch requests (version 17: topics by id). */
export class KafkaFetcher implements Fetcher {
  readonly #context: AdapterContext;
  readonly #cluster: Cluster;
  readonly #listener: FetcherListener;
  readonly #sizes: FetchSizes;
  readonly #connections: { readonly poll: BrokerConnections; readonly extra: BrokerConnections };
  /** By topic and partition number: what the owner calls a partition. */
  readonly #partitions = new Map<string, FetchingPartition>();
  /** By node id. */
  readonly #leaders = new Map<number, LeaderFetches>();
  #isClosed = false;

  constructor(
    from: { readonly context: AdapterContext; readonly cluster: Cluster },
    options: FetcherOptions,
    listener: FetcherListener,
  ) {
    this.#context = from.context;
    this.#cluster = from.cluster;
    this.#listener = listener;
    this.#sizes = { ...fetchSizeDefaults, ...options };
    this.#connections = {
      poll: new BrokerConnections(from.context.settings, from.context.report),
      extra: new BrokerConnections(from.context.settings, from.context.report),
    };
  }

  add(at: TopicIdPartition, position: number): void {
    assert(!this.#isClosed, 'A closed fetcher is given no partitions.');
    assert(Number.isSafeInteger(position) && position >= 0, 'A fetch position is an offset.');
    const name = nameOf(at);
    assert(!this.#partitions.has(name), 'A partition is added to a fetcher once.');
    const partition = new FetchingPartition(at, position);
    this.#partitions.set(name, partition);
    void this.#placeAtLeader(partition);
  }

  remove(at: TopicPartition): void {
    const partition = this.#partitions.get(nameOf(at));
    if (partition) this.#drop(partition);
  }

  pause(at: TopicPartition): void {
    const partition = this.#partitions.get(nameOf(at));
    if (partition) partition.isPaused = true;
  }

  resume(at: TopicPartition): void {
    const partition = this.#partitions.get(nameOf(at));
    if (!partition?.isPaused) return;
    partition.isPaused = false;
    partition.leader?.wakeSoon();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const partition of this.#partitions.values()) partition.isRemoved = true;
    this.#partitions.clear();
    for (const leader of this.#leaders.values()) leader.stop();
    this.#leaders.clear();
    await Promise.all([this.#connections.poll.close(), this.#connections.extra.close()]);
  }

  #drop(partition: FetchingPartition): void {
    partition.isRemoved = true;
    this.#partitions.delete(nameOf(partition.at));
    partition.leader?.remove(partition);
    partition.leader = undefined;
  }

  /** Finds out who leads the partition, and whether its topic is still the same. */
  async #placeAtLeader(partition: FetchingPartition): Promise<void> {
    const { topic, topicId } = partition.at;
    try {
      let metadata = await this.#cluster.topic(topic);
      if (metadata?.topicId !== topicId) [metadata] = await this.#cluster.describe([topic]);
      if (partition.isRemoved) return;
      this.#checkTopic(partition, metadata);
      const node = await this.#cluster.leaderOf(topic, partition.at.partition);
      if (partition.isRemoved) return;
      partition.leader = this.#leaderAt(node);
      partition.leader.add(partition);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#placeLater(partition, error);
    }
  }

  /**
   * A topic or partition that is not there may just not have reached this broker yet: that is believed after UNKNOWN_TOPIC_MS.
   *
   * @throws LogError `topic-recreated`, `unknown-topic`, or `unavailable` for trying again
   */
  #checkTopic(partition: FetchingPartition, metadata: TopicMetadata | undefined): void {
    const { topic, topicId, partition: number } = partition.at;
    if (metadata && metadata.topicId !== topicId) {
      throw new LogError(
        'topic-recreated',
        `Topic ${topic} was created anew: its id is ${metadata.topicId}, not ${topicId}.`,
      );
    }
    if (metadata && number < metadata.leaders.length) {
      partition.unknownSinceMs = undefined;
      return;
    }
    const nowMs = this.#context.clock.monotonicMs();
    partition.unknownSinceMs ??= nowMs;
    const isBelieved = nowMs - partition.unknownSinceMs >= UNKNOWN_TOPIC_MS;
    throw new LogError(
      isBelieved ? 'unknown-topic' : 'unavailable',
      `There is no partition ${number} of topic ${topic}.`,
    );
  }

  #placeLater(partition: FetchingPartition, cause: LogError): void {
    if (partition.isRemoved) return;
    if (!cause.retriable) {
      this.#stop(partition, cause);
      return;
    }
    partition.failures += 1;
    this.#cluster.forgetTopic(partition.at.topic);
    this.#report(partition, cause);
    this.#context.timers.after(retryBackoffMs(partition.failures), () => {
      if (!partition.isRemoved) void this.#placeAtLeader(partition);
    });
  }

  #leaderAt(node: Node): LeaderFetches {
    const known = this.#leaders.get(node.nodeId);
    const isSame = known?.node.host === node.host && known.node.port === node.port;
    if (known && isSame) return known;
    const leader = new LeaderFetches({
      node,
      context: this.#context,
      connections: this.#connections,
      sizes: this.#sizes,
      onOutcome: (outcome) => this.#take(outcome),
    });
    this.#leaders.set(node.nodeId, leader);
    return leader;
  }

  #take(outcome: FetchOutcome): void {
    if (this.#isClosed) return;
    const { asked, result } = outcome;
    if ('failure' in result) {
      for (const partition of asked.values()) this.#moveOn(partition, result.failure);
      return;
    }
    const { answer } = result;
    if (answer.errorCode !== kafkaError.none) {
      const failure = logErrorOf(answer.errorCode, 'Fetching');
      for (const partition of asked.values()) this.#moveOn(partition, failure);
      return;
    }
    for (const fetched of answer.partitions) {
      const partition = asked.get(partitionKey(fetched.topicId, fetched.partition));
      if (partition && !partition.isRemoved) this.#takePartition(partition, fetched);
    }
  }

  #takePartition(partition: FetchingPartition, fetched: FetchedPartition): void {
    if (fetched.errorCode !== kafkaError.none) {
      this.#takeError(partition, fetched.errorCode);
      return;
    }
    partition.failures = 0;
    const { reader, at } = partition;
    const before = reader.position;
    let read: ReturnType<typeof reader.read>;
    try {
      read = reader.read(fetched.records, fetched.abortedTransactions);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#stop(partition, error);
      return;
    }
    if (reader.position === before) return;
    partition.leader?.rotate(partition);
    this.#listener.onBatch({
      topic: at.topic,
      partition: at.partition,
      records: read.records,
      offsetNext: reader.position,
      // A broker looks up its high watermark before it reads: what was written meanwhile lies past it.
      highWatermark: Math.max(fetched.highWatermark, reader.position),
      sizeBytes: read.sizeBytes,
    });
  }

  #takeError(partition: FetchingPartition, errorCode: number): void {
    const { topic, partition: number } = partition.at;
    const what = `Fetching partition ${number} of ${topic} from offset ${partition.reader.position}`;
    const mayBeMetadata =
      errorCode === kafkaError.unknownTopicOrPartition ||
      errorCode === kafkaError.unknownTopicId ||
      errorCode === kafkaError.inconsistentTopicId;
    const error = mayBeMetadata
      ? new LogError('unavailable', `${what} was answered with ${kafkaErrorName(errorCode)}.`)
      : logErrorOf(errorCode, what);
    if (error.retriable) this.#moveOn(partition, error);
    else this.#stop(partition, error);
  }

  /** Asks metadata again for the leader, after a pause. */
  #moveOn(partition: FetchingPartition, cause: LogError): void {
    if (partition.isRemoved) return;
    partition.leader?.remove(partition);
    partition.leader = undefined;
    this.#placeLater(partition, cause);
  }

  #stop(partition: FetchingPartition, error: LogError): void {
    this.#drop(partition);
    const { topic, partition: number } = partition.at;
    this.#listener.onPartitionError({ topic, partition: number }, error);
  }

  #report(partition: FetchingPartition, cause: LogError): void {
    const { topic, partition: number } = partition.at;
    this.#context.report({
      kind: 'fetch-retried',
      message: `Partition ${number} of ${topic} is asked for again.`,
      cause,
    });
  }
}

/** A topic that metadata does not name for so long does not exist. */
const UNKNOWN_TOPIC_MS = 3_000;

const fetchSizeDefaults: FetchSizes = {
  responseBytesMax: 4 * 1024 * 1024,
  partitionBytesMax: 512 * 1024,
  waitMaxMs: 500,
};

function nameOf(at: TopicPartition): string {
  return `${at.topic}/${at.partition}`;
}
