import { assert } from '@chat-cluster/kernel';
import { homePartition } from '@chat-cluster/log';

/** A topic as it was found when the worker started. */
export type FoundTopic = {
  readonly topic: string;
  readonly topicId: string;
  readonly partitionCount: number;
};

/** The engine's own topics of an entity type, beside its inputs and outputs. */
export type EngineTopicNames = {
  /** `<entity type>_events`; as many partitions as the inputs. */
  readonly events: string;
  /** Operator's records: retry, skip, edit. Co-partitioned with the inputs, consumed before them. */
  readonly control: string;
  /** Compacted: the quarantined entities and what waits for each; a tombstone when it is released. */
  readonly quarantine: string;
  readonly deadLetters: string;
};

/** All topics that a worker reads or writes, with ids and partition counts. */
export class EngineTopics {
  readonly names: EngineTopicNames;
  /** The input topics in the order of deciding: control first. */
  readonly inputs: readonly string[];
  readonly #found: ReadonlyMap<string, FoundTopic>;

  constructor(options: {
    names: EngineTopicNames;
    inputs: readonly string[];
    found: readonly FoundTopic[];
  }) {
    this.names = options.names;
    this.inputs = [options.names.control, ...options.inputs];
    this.#found = new Map(options.found.map((topic) => [topic.topic, topic]));
  }

  /** The number of shards: partitions of every input and of the event topic. */
  get shardCount(): number {
    return this.get(this.names.events).partitionCount;
  }

  get(topic: string): FoundTopic {
    const found = this.#found.get(topic);
    assert(found !== undefined, `Topic ${topic} was looked up when the worker started.`);
    return found;
  }

  /** The partition of a topic where records of this key live. */
  homeOf(topic: string, key: Uint8Array): number {
    return homePartition(key, this.get(topic).partitionCount);
  }
}
