import { ConfigResourceTypes, createTopicsV7, describeConfigsV4 } from '@platformatic/kafka';
import { LogError, type NewTopic, type TopicDescription } from '@chat-cluster/log';
import { kafkaError, logErrorOf } from '../connections/kafka-errors.ts';
import { retryPassing } from '../connections/retry-passing.ts';
import type { AdminParts } from './admin-parts.ts';
import type { OffsetLookup } from './offset-lookup.ts';

/** Topics: what they are, making them, their configuration. */
export class TopicAdmin {
  readonly #parts: AdminParts;
  readonly #offsets: OffsetLookup;

  constructor(parts: AdminParts, offsets: OffsetLookup) {
    this.#parts = parts;
    this.#offsets = offsets;
  }

  async describe(topics: readonly string[]): Promise<readonly (TopicDescription | undefined)[]> {
    const { cluster, context } = this.#parts;
    const described = await retryPassing(() => cluster.describe(topics), context);
    return described.map((metadata, index) => {
      if (!metadata) return undefined;
      const { topicId, leaders } = metadata;
      return { topic: topics[index]!, topicId, partitionCount: leaders.length };
    });
  }

  /** Resolves when every topic can be used: its partitions have leaders. */
  async create(topics: readonly NewTopic[]): Promise<void> {
    if (topics.length === 0) return;
    await retryPassing(() => this.#create(topics), this.#parts.context);
    const { context } = this.#parts;
    const retryTimeoutMs = Math.max(context.retryTimeoutMs, USABLE_WAIT_MS);
    await retryPassing(() => this.#expectUsable(topics), { ...context, retryTimeoutMs });
  }

  configs(topic: string, names: readonly string[]): Promise<Readonly<Record<string, string>>> {
    return retryPassing(async () => {
      const resource = {
        resourceType: TOPIC_RESOURCE,
        resourceName: topic,
        configurationKeys: [...names],
      };
      const answer = await this.#parts.cluster.ask(describeConfigsV4.api, [resource], false, false);
      const result = answer.results[0];
      const errorCode = result?.errorCode ?? kafkaError.unknownServerError;
      if (!result || errorCode !== kafkaError.none) {
        const what = `Asking for the configuration of topic ${topic}`;
        throw logErrorOf(errorCode, what, result?.errorMessage);
      }
      return Object.fromEntries(result.configs.map(({ name, value }) => [name, value ?? '']));
    }, this.#parts.context);
  }

  async #create(topics: readonly NewTopic[]): Promise<void> {
    const { cluster, context } = this.#parts;
    const requested = topics.map((topic) => ({
      name: topic.topic,
      numPartitions: topic.partitionCount,
      replicationFactor: topic.replicationFactor,
      assignments: [],
      configs: Object.entries(topic.configs).map(([name, value]) => ({ name, value })),
    }));
    const timeoutMs = context.settings.requestTimeoutMs;
    const answer = await cluster.ask(createTopicsV7.api, requested, timeoutMs, false);
    for (const { name, errorCode, errorMessage } of answer.topics) {
      if (errorCode === kafkaError.none || errorCode === kafkaError.topicAlreadyExists) continue;
      throw logErrorOf(errorCode, `Creating topic ${name}`, errorMessage);
    }
  }

  /** A leader that metadata names may not know of it yet: each is asked for an offset. */
  async #expectUsable(topics: readonly NewTopic[]): Promise<void> {
    const names = topics.map(({ topic }) => topic);
    const described = await this.#parts.cluster.describe(names);
    const partitions = described.flatMap((metadata, index) => {
      const topic = names[index]!;
      if (!metadata?.leaders.every((leader) => leader >= 0)) {
        throw new LogError('unavailable', `Topic ${topic} was created but has no leaders yet.`);
      }
      return metadata.leaders.map((_, partition) => ({ topic, partition, at: 'latest' as const }));
    });
    await this.#offsets.list(partitions);
  }
}

/** A busy broker takes tens of seconds to open the logs of hundreds of partitions that it has just been given. */
const USABLE_WAIT_MS = 60_000;

const TOPIC_RESOURCE = ConfigResourceTypes.TOPIC;
