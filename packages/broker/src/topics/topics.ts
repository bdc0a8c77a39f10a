import { randomBytes } from 'node:crypto';
import { assert, type Clock } from '@chat-cluster/kernel';
import { Partition } from '../partitions/partition.ts';
import type { TransactionVerifier } from '../partitions/transaction-verifier.ts';
import type { PartitionStore } from '../segments/partition-store.ts';
import type { SectionJournal, StateJournal } from '../state-journal/state-journal.ts';
import type { Storage } from '../storage/storage.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { refuseTopicOverrides, type TopicOverrides } from './topic-config.ts';
import { refusal, type TopicRefusal } from './topic-error.ts';
import { refuseTopicName } from './topic-name.ts';
import { Topic } from './topic.ts';

/** The most partitions that one broker has, over all topics: each takes a folder and some memory. */
const PARTITIONS_MAX = 20_000;

/** A topic as it shall be. */
export type NewTopic = {
  readonly name: string;
  readonly partitionsCount: number;
  readonly overrides: TopicOverrides;
};

/** What the journal keeps of topics. Absolute: applied twice, it is the same. */
type TopicChange =
  | {
      readonly kind: 'set';
      readonly id: string;
      readonly name: string;
      readonly partitionsCount: number;
      readonly overrides: TopicOverrides;
    }
  | { readonly kind: 'deleted'; readonly id: string };

export type TopicsOptions = {
  readonly storage: Storage;
  readonly journal: StateJournal;
  readonly clock: Clock;
  /** Asked before transactional appends; set once everything is wired. */
  readonly transactionVerifier: TransactionVerifier;
  /** Told of partitions that are found damaged. */
  readonly onError: (error: Error) => void;
};

/** All topics of the broker, and the only place where they come to be, change, and go. */
export class Topics {
  readonly #options: TopicsOptions;
  readonly #journal: SectionJournal<TopicChange>;
  readonly #byName = new Map<string, Topic>();
  readonly #byId = new Map<string, Topic>();
  /** How many partitions each topic of the journal has, until `recover` has made them. */
  readonly #replayedCounts = new Map<string, number>();
  #partitionsCount = 0;

  constructor(options: TopicsOptions) {
    this.#options = options;
    this.#journal = options.journal.section<TopicChange>({
      name: 'topics',
      replay: (change) => this.#replay(change),
      snapshot: () => this.all().map(changeOf),
    });
  }

  byName(name: string): Topic | undefined {
    return this.#byName.get(name);
  }

  /** By id, as base64url. */
  byId(id: string): Topic | undefined {
    return this.#byId.get(id);
  }

  all(): Topic[] {
    return [...this.#byName.values()];
  }

  /** The partitions of all topics. */
  partitions(): Partition[] {
    return this.all().flatMap((topic) => topic.partitions);
  }

  /** Makes the partitions of the topics that the journal named. After the journal was opened. */
  async recover(): Promise<void> {
    for (const [id, partitionsCount] of this.#replayedCounts) {
      const topic = this.#byId.get(id);
      assert(topic !== undefined, 'A topic that was replayed is there.');
      for (let partition = 0; partition < partitionsCount; partition++) {
        await this.#recoverPartition(topic, partition);
      }
    }
    this.#replayedCounts.clear();
  }

  /** Says why the topic cannot be created, or null. */
  refuseNew({ name, partitionsCount, overrides }: NewTopic): TopicRefusal | null {
    const nameReason = refuseTopicName(name);
    if (nameReason !== null) return refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, nameReason);
    if (this.#byName.has(name)) {
      return refusal(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`);
    }
    const collision = this.#collisionOf(name);
    if (collision !== null) return refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, collision);
    if (partitionsCount < 1) {
      return refusal(ErrorCode.INVALID_PARTITIONS, 'A topic has at least 1 partition.');
    }
    if (this.#partitionsCount + partitionsCount > PARTITIONS_MAX) {
      const message = `This broker has at most ${PARTITIONS_MAX} partitions in all.`;
      return refusal(ErrorCode.INVALID_PARTITIONS, message);
    }
    const configReason = refuseTopicOverrides(overrides);
    return configReason === null ? null : refusal(ErrorCode.INVALID_CONFIG, configReason);
  }

  /**
   * Creates a topic. It can be used at once; it is durable when the promise resolves, and so is everything written to
   * it later.
   *
   * @throws (rejects) JournalError
   */
  create(spec: NewTopic): { readonly topic: Topic; readonly durable: Promise<void> } {
    assert(
      this.refuseNew(spec) === null,
      'A topic is created only when nothing speaks against it.',
    );
    const { name, overrides } = spec;
    const topic = new Topic({ id: randomBytes(16).toString('base64url'), name, overrides });
    this.#enter(topic);
    this.#addPartitions(topic, spec.partitionsCount);
    return { topic, durable: this.#journal.append(changeOf(topic)) };
  }

  /** Says why the topic cannot have this many partitions, or null. */
  refuseCount(topic: Topic, partitionsCount: number): TopicRefusal | null {
    const before = topic.partitions.length;
    if (partitionsCount <= before) {
      const message = `The topic has ${before} partitions already; they can only become more.`;
      return refusal(ErrorCode.INVALID_PARTITIONS, message);
    }
    if (this.#partitionsCount + partitionsCount - before > PARTITIONS_MAX) {
      const message = `This broker has at most ${PARTITIONS_MAX} partitions in all.`;
      return refusal(ErrorCode.INVALID_PARTITIONS, message);
    }
    return null;
  }

  /** Adds partitions, up to `partitionsCount` in all. Resolved when durable. */
  grow(topic: Topic, partitionsCount: number): Promise<void> {
    this.#addPartitions(topic, partitionsCount);
    return this.#journal.append(changeOf(topic));
  }

  /** Replaces the overrides, which have been found valid. Resolved when durable. */
  configure(topic: Topic, overrides: TopicOverrides): Promise<void> {
    topic.overrides = overrides;
    return this.#journal.append(changeOf(topic));
  }

  /** Deletes a topic with all its records. Resolved when durable; the files go a little later. */
  async delete(topic: Topic): Promise<void> {
    this.#byName.delete(topic.name);
    this.#byId.delete(topic.id);
    this.#partitionsCount -= topic.partitions.length;
    for (const partition of topic.partitions) partition.delete();
    await this.#journal.append({ kind: 'deleted', id: topic.id });
    this.#removeFiles(topic).catch(this.#options.onError);
  }

  async #removeFiles({ id, name, partitions }: Topic): Promise<void> {
    // The cleaner stops at once, but for what it is writing.
    for (const partition of partitions) await partition.cleaning.idle();
    await this.#options.storage.removeTopic({ topicId: id, topicName: name });
  }

  #enter(topic: Topic): void {
    this.#byName.set(topic.name, topic);
    this.#byId.set(topic.id, topic);
  }

  #addPartitions(topic: Topic, partitionsCount: number): void {
    for (let partition = topic.partitions.length; partition < partitionsCount; partition++) {
      const stored = { topicId: topic.id, topicName: topic.name, partition };
      topic.partitions.push(
        this.#partition(topic, partition, this.#options.storage.newStore(stored)),
      );
      this.#partitionsCount++;
    }
  }

  async #recoverPartition(topic: Topic, partition: number): Promise<void> {
    const { storage, onError } = this.#options;
    const stored = { topicId: topic.id, topicName: topic.name, partition };
    const { store, checkpoint, entries, failure } = await storage.recover(stored);
    const recovered = this.#partition(topic, partition, store);
    recovered.recover(checkpoint, entries);
    if (failure !== null) recovered.stop(failure);
    if (recovered.failure !== null) {
      onError(new Error(`${topic.name}-${partition} is stopped: ${recovered.failure}`));
    }
    topic.partitions.push(recovered);
    this.#partitionsCount++;
  }

  #partition(topic: Topic, partition: number, store: PartitionStore | null): Partition {
    const { storage, clock, transactionVerifier } = this.#options;
    return new Partition({
      topicId: topic.id,
      name: `${topic.name}-${partition}`,
      partition,
      limits: () => topic.limits,
      commitLog: storage.commitLog,
      store,
      transactionVerifier,
      clock,
      onChanged: (changed) => storage.markChanged(changed),
    });
  }

  #collisionOf(name: string): string | null {
    // Kafka's metrics do not tell "." from "_", and so it lets no two topics differ only in that.
    const folded = name.replaceAll('.', '_');
    for (const other of this.#byName.keys()) {
      if (other.replaceAll('.', '_') === folded) {
        return `Topic '${name}' collides with existing topic: ${other}`;
      }
    }
    return null;
  }

  #replay(change: TopicChange): void {
    if (change.kind === 'deleted') {
      const deleted = this.#byId.get(change.id);
      if (deleted !== undefined) this.#byName.delete(deleted.name);
      this.#byId.delete(change.id);
      this.#replayedCounts.delete(change.id);
      return;
    }
    const known = this.#byId.get(change.id);
    if (known === undefined) this.#enter(new Topic(change));
    else known.overrides = change.overrides;
    this.#replayedCounts.set(change.id, change.partitionsCount);
  }
}

function changeOf(topic: Topic): TopicChange {
  const { id, name, overrides } = topic;
  return { kind: 'set', id, name, partitionsCount: topic.partitions.length, overrides };
}
