import type { Partition } from '../partitions/partition.ts';
import { topicLimits, type TopicLimits, type TopicOverrides } from './topic-config.ts';

/** A topic: its partitions, and what has been configured for it. */
export class Topic {
  /** Sixteen random bytes as base64url: a topic that is made again under its name has another id. */
  readonly id: string;
  readonly name: string;
  /** By number. Grows, and never shrinks. */
  readonly partitions: Partition[] = [];
  #overrides: TopicOverrides;
  #limits: TopicLimits;

  constructor({ id, name, overrides }: { id: string; name: string; overrides: TopicOverrides }) {
    this.id = id;
    this.name = name;
    this.#overrides = overrides;
    this.#limits = topicLimits(overrides);
  }

  get overrides(): TopicOverrides {
    return this.#overrides;
  }

  set overrides(overrides: TopicOverrides) {
    this.#overrides = overrides;
    this.#limits = topicLimits(overrides);
  }

  get limits(): TopicLimits {
    return this.#limits;
  }
}
