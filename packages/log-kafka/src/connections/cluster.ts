import { type API, findCoordinatorV6, metadataV12 } from '@platformatic/kafka';
import { LogError } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import type { BrokerAddress, BrokerConnection } from './broker-connection.ts';
import { BrokerConnections } from './broker-connections.ts';
import { kafkaError, logErrorOf } from './kafka-errors.ts';
import { isPassing } from './retry-passing.ts';
import { checkVersions } from './supported-versions.ts';

/** What the cluster says of a topic. */
export type TopicMetadata = {
  readonly topicId: string;
  /** The node id of each partition's leader, by partition; -1 while there is none. */
  readonly leaders: readonly number[];
};

export type CoordinatorKind = 'group' | 'transaction';

/** A broker of the cluster, by the id that metadata gives it. */
export type Node = BrokerAddress & { readonly nodeId: number };

type MetadataAnswer = Awaited<ReturnType<typeof metadataV12.api.async>>;

/**
 * Who leads and who coordinates what. Answers are kept until somebody who was sent to the wrong broker forgets
 * them. Nothing here retries: callers do, with their own time-outs.
 */
export class Cluster {
  readonly #bootstrap: readonly BrokerAddress[];
  readonly #connections: BrokerConnections;
  readonly #nodes = new Map<number, Node>();
  /** By topic name, oldest first; see TOPICS_MAX. */
  readonly #topics = new Map<string, Promise<TopicMetadata | undefined>>();
  /** By kind and key, oldest first; see COORDINATORS_MAX. */
  readonly #coordinators = new Map<string, Promise<Node>>();
  /** One broker's versions stand for all: brokers of a cluster are of about one age. */
  #areVersionsChecked = false;
  /** The broker that answered last is asked first. */
  #answeredLast: BrokerAddress | undefined;

  constructor(bootstrap: readonly BrokerAddress[], context: AdapterContext) {
    this.#bootstrap = bootstrap;
    this.#connections = new BrokerConnections(context.settings, context.report);
  }

  /** All brokers, as the latest metadata names them. */
  get nodes(): readonly Node[] {
    return [...this.#nodes.values()];
  }

  /** @throws LogError `unavailable` when no broker answers */
  async ask<Arguments extends unknown[], Answer>(
    api: API<Arguments, Answer>,
    ...args: Arguments
  ): Promise<Answer> {
    const connection = await this.#anyConnection();
    return connection.call(api, ...args);
  }

  /** Asks the cluster anew, and remembers. In the order asked, undefined for a topic that does not exist. */
  async describe(topics: readonly string[]): Promise<(TopicMetadata | undefined)[]> {
    const answer = await this.ask(metadataV12.api, [...topics], false, false);
    this.#takeNodes(answer);
    const described = topics.map((name) => metadataOf(answer, name));
    for (const [index, name] of topics.entries()) {
      remember(this.#topics, name, Promise.resolve(described[index]), TOPICS_MAX);
    }
    return described;
  }

  /** As remembered, or asked. */
  topic(name: string): Promise<TopicMetadata | undefined> {
    const known = this.#topics.get(name);
    if (known) return known;
    const asked = this.describe([name]).then(([metadata]) => metadata);
    remember(this.#topics, name, asked, TOPICS_MAX);
    forgetIfFailed(this.#topics, name, asked);
    return asked;
  }

  /** @throws LogError `unknown-topic`; `unavailable` while there is no leader */
  async leaderOf(topic: string, partition: number): Promise<Node> {
    const remembered = this.topic(topic);
    const node = this.#nodes.get(leaderIn(await remembered, partition) ?? NO_NODE);
    if (node) return node;
    // What is remembered may be older than the brokers that are known: a leader that died is none of them any more.
    if (this.#topics.get(topic) === remembered) this.forgetTopic(topic);
    const leader = leaderIn(await this.topic(topic), partition);
    if (leader === undefined) {
      this.forgetTopic(topic);
      throw new LogError('unknown-topic', `There is no partition ${partition} of topic ${topic}.`);
    }
    const found = this.#nodes.get(leader);
    if (found) return found;
    this.forgetTopic(topic);
    throw new LogError('unavailable', `Partition ${partition} of topic ${topic} has no leader.`);
  }

  forgetTopic(name: string): void {
    this.#topics.delete(name);
  }

  /** @throws LogError `unavailable` while there is none */
  coordinatorOf(kind: CoordinatorKind, key: string): Promise<Node> {
    const cacheKey = `${kind} ${key}`;
    const known = this.#coordinators.get(cacheKey);
    if (known) return known;
    const asked = this.#findCoordinator(kind, key);
    remember(this.#coordinators, cacheKey, asked, COORDINATORS_MAX);
    forgetIfFailed(this.#coordinators, cacheKey, asked);
    return asked;
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.#coordinators.delete(`${kind} ${key}`);
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #findCoordinator(kind: CoordinatorKind, key: string): Promise<Node> {
    const answer = await this.ask(findCoordinatorV6.api, kind === 'group' ? 0 : 1, [key]);
    const found = answer.coordinators[0];
    const errorCode = found?.errorCode ?? kafkaError.coordinatorNotAvailable;
    if (found && errorCode === kafkaError.none) {
      return { nodeId: found.nodeId, host: found.host, port: found.port };
    }
    throw logErrorOf(errorCode, `Finding the coordinator of ${kind} ${key}`, found?.errorMessage);
  }

  async #anyConnection(): Promise<BrokerConnection> {
    const last = this.#answeredLast;
    const candidates = [...(last ? [last] : []), ...this.#nodes.values(), ...this.#bootstrap];
    let failure: unknown;
    for (const address of candidates) {
      try {
        const connection = await this.#connections.get(address);
        if (!this.#areVersionsChecked) await checkVersions(connection);
        this.#areVersionsChecked = true;
        this.#answeredLast = address;
        return connection;
      } catch (error) {
        if (!isPassing(error)) throw error;
        failure = error;
      }
    }
    throw new LogError('unavailable', 'No broker of the cluster can be reached.', {
      cause: failure,
    });
  }

  #takeNodes(answer: MetadataAnswer): void {
    if (answer.brokers.length === 0) return;
    this.#nodes.clear();
    for (const { nodeId, host, port } of answer.brokers) {
      this.#nodes.set(nodeId, { nodeId, host, port });
    }
  }
}

const NO_NODE = -1;

/** Undefined for a partition that does not exist. */
function leaderIn(metadata: TopicMetadata | undefined, partition: number): number | undefined {
  return metadata?.leaders[partition];
}

/** Remembered leaders and coordinators; past these the oldest is asked for again. */
const TOPICS_MAX = 1_000;
const COORDINATORS_MAX = 1_000;

function metadataOf(answer: MetadataAnswer, name: string): TopicMetadata | undefined {
  const topic = answer.topics.find((candidate) => candidate.name === name);
  const errorCode = topic?.errorCode ?? kafkaError.unknownTopicOrPartition;
  if (errorCode === kafkaError.unknownTopicOrPartition || !topic) return undefined;
  // A topic that is just being created has no leaders yet.
  if (errorCode !== kafkaError.none && errorCode !== LEADER_NOT_AVAILABLE) {
    throw logErrorOf(errorCode, `Asking for topic ${name}`);
  }
  const leaders = Array.from({ length: topic.partitions.length }, () => -1);
  for (const { partitionIndex, leaderId } of topic.partitions) leaders[partitionIndex] = leaderId;
  return { topicId: topic.topicId, leaders };
}

const LEADER_NOT_AVAILABLE = 5;

function remember<Value>(cache: Map<string, Value>, key: string, value: Value, countMax: number) {
  cache.delete(key);
  cache.set(key, value);
  for (const oldest of cache.keys()) {
    if (cache.size <= countMax) return;
    cache.delete(oldest);
  }
}

function forgetIfFailed<Value>(
  cache: Map<string, Promise<Value>>,
  key: string,
  asked: Promise<Value>,
): void {
  asked.catch(() => {
    if (cache.get(key) === asked) cache.delete(key);
  });
}
