import type { Clock } from '@chat-cluster/kernel';
import type { StateJournal } from '../state-journal/state-journal.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import type { OffsetReading } from './committed-offsets.ts';
import type { StoredOffset } from './group-change.ts';
import type { GenerationIdentity } from './group-messages.ts';
import type { GroupOptions } from './group-options.ts';
import type { GroupEntry, GroupRegistry } from './group-registry.ts';

/** One offset as a client commits it. */
export type OffsetToCommit = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** -1: unknown. */
  readonly leaderEpoch: number;
  readonly metadata: string | null;
};

/** A partition by name. */
export type PartitionName = { readonly topic: string; readonly partition: number };

/** One code for all partitions, or one for each of the request's, in its order. */
export type OffsetCommitResult = ErrorCode | readonly ErrorCode[];

export type OffsetCommitRequest = GenerationIdentity & {
  readonly groupId: string;
  readonly offsets: readonly OffsetToCommit[];
};

/** What a group's offsets stand on. */
type Surroundings = {
  readonly registry: GroupRegistry;
  readonly journal: StateJournal;
  readonly clock: Clock;
  readonly options: GroupOptions;
  /** Whether a topic has this partition. */
  readonly hasPartition: (topic: string, partition: number) => boolean;
};

/** Commits, reads and deletes the offsets of groups. Answers wait until what they say is durable. */
export class GroupOffsets {
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /**
   * Commits offsets that count at once.
   *
   * @param request `retentionMs`: how long the offsets are kept whatever the group does (before v5); null: as configured
   */
  async commit(
    request: OffsetCommitRequest & { retentionMs: number | null },
  ): Promise<OffsetCommitResult> {
    const { groupId, retentionMs } = request;
    if (this.#surroundings.journal.isFull) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const entry = this.#entryFor(request);
    const errorCode = entry?.group.checkCommit(request) ?? this.#whyNoEntry(request);
    if (entry === undefined || errorCode !== ErrorCode.NONE) return errorCode;
    const { codes, offsets } = this.#split(request.offsets, retentionMs);
    if (offsets.length === 0) return codes;
    entry.offsets.commit(offsets);
    const durable = this.#append({ kind: 'offsets-committed', groupId, offsets });
    return (await durable) ? codes : ErrorCode.COORDINATOR_NOT_AVAILABLE;
  }

  /**
   * Keeps offsets for a producer's open transaction. That the transaction is open and has this group
   * is the caller's to check, in the same turn.
   */
  async stage(request: OffsetCommitRequest & { producerId: number }): Promise<OffsetCommitResult> {
    const { groupId, producerId } = request;
    if (this.#surroundings.journal.isFull) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const entry = this.#entryFor(request);
    const errorCode =
      entry?.group.checkCommit(request, { isTransactional: true }) ?? this.#whyNoEntry(request);
    if (entry === undefined || errorCode !== ErrorCode.NONE) return errorCode;
    const { codes, offsets } = this.#split(request.offsets, null);
    if (offsets.length === 0) return codes;
    entry.offsets.stage(producerId, offsets);
    const durable = this.#append({ kind: 'offsets-staged', groupId, producerId, offsets });
    return (await durable) ? codes : ErrorCode.COORDINATOR_NOT_AVAILABLE;
  }

  /**
   * Makes a producer's staged offsets count, or drops them, in memory: the journal has it by the
   * transaction's own record. Idempotent; also called while that is replayed.
   */
  endTransaction(groupId: string, producerId: number, outcome: 'commit' | 'abort'): void {
    this.#surroundings.registry.get(groupId)?.offsets.endTransaction(producerId, outcome);
  }

  /**
   * Reads offsets as they are now; answers when they are durable.
   *
   * @param of `partitions`: null for all that the group has
   */
  async read(of: {
    groupId: string;
    partitions: readonly PartitionName[] | null;
    requireStable: boolean;
  }): Promise<readonly (PartitionName & { reading: OffsetReading })[]> {
    const offsets = this.#surroundings.registry.get(of.groupId)?.offsets;
    const partitions = of.partitions ?? (offsets ? allPartitions(offsets.partitions()) : []);
    const readings = partitions.map(({ topic, partition }) => {
      const reading = offsets?.read(topic, partition, of) ?? { kind: 'none' as const };
      return { topic, partition, reading };
    });
    await this.#surroundings.journal.durable();
    return of.partitions ? readings : readings.filter(({ reading }) => reading.kind !== 'none');
  }

  /** Deletes committed offsets of partitions that nobody in the group reads. */
  async delete(groupId: string, partitions: readonly PartitionName[]): Promise<OffsetCommitResult> {
    const entry = this.#surroundings.registry.get(groupId);
    if (entry === undefined) return ErrorCode.GROUP_ID_NOT_FOUND;
    const { group, offsets } = entry;
    const isEmpty = group.phaseName === 'Empty';
    if (!isEmpty && group.protocolType !== 'consumer') return ErrorCode.NON_EMPTY_GROUP;
    const codes = partitions.map(({ topic, partition }): ErrorCode => {
      if (!this.#surroundings.hasPartition(topic, partition)) {
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      }
      const isRead = !isEmpty && group.maySubscribeTo(topic);
      return isRead ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE;
    });
    const removed = partitions.filter((_, index) => codes[index] === ErrorCode.NONE);
    for (const { topic, partition } of removed) offsets.remove(topic, partition);
    const durable = this.#append({
      kind: 'offsets-removed',
      groupId,
      partitions: removed.map(({ topic, partition }) => [topic, partition]),
    });
    return (await durable) ? codes : ErrorCode.COORDINATOR_NOT_AVAILABLE;
  }

  /**
   * Forgets the offsets of a topic that was deleted; a topic of the same name is another one.
   *
   * @returns resolved when that is durable; what a crash takes of it, `dropForeign` finds
   * @throws (rejects) JournalError
   */
  async removeTopic(topic: string): Promise<void> {
    const { registry } = this.#surroundings;
    let hadAny = false;
    for (const { offsets } of registry.all()) hadAny = offsets.removeTopic(topic) || hadAny;
    if (hadAny) await registry.append({ kind: 'topic-offsets-removed', topic });
  }

  /** Forgets the offsets of topics that are not there. After a restart, when all topics are known. */
  dropForeign(): void {
    const { registry, hasPartition } = this.#surroundings;
    const topics = [...registry.all()].flatMap(({ offsets }) => [...offsets.partitions().keys()]);
    const foreign = [...new Set(topics)].filter((topic) => !hasPartition(topic, 0));
    for (const topic of foreign) this.removeTopic(topic).catch(() => {});
  }

  /** A group that does not exist is made for a commit that belongs to no generation. */
  #entryFor({ groupId, generationId }: OffsetCommitRequest): GroupEntry | undefined {
    const { registry } = this.#surroundings;
    return generationId < 0 ? registry.getOrCreate(groupId) : registry.get(groupId);
  }

  #whyNoEntry({ generationId }: OffsetCommitRequest): ErrorCode {
    return generationId < 0 ? ErrorCode.COORDINATOR_NOT_AVAILABLE : ErrorCode.ILLEGAL_GENERATION;
  }

  /** The code of each offset, and those that are good, as they are stored. */
  #split(offsets: readonly OffsetToCommit[], retentionMs: number | null) {
    const nowMs = this.#surroundings.clock.wallMs();
    const expiresAtMs = retentionMs === null ? null : nowMs + retentionMs;
    const codes = offsets.map((offset) => this.#whyNotStore(offset));
    const order = this.#surroundings.registry.nextOrder();
    const good = offsets
      .filter((_, index) => codes[index] === ErrorCode.NONE)
      .map(({ metadata, ...offset }): StoredOffset => ({
        ...offset,
        order,
        metadata: metadata ?? '',
        committedAtMs: nowMs,
        expiresAtMs,
      }));
    return { codes, offsets: good };
  }

  #whyNotStore({ topic, partition, metadata }: OffsetToCommit): ErrorCode {
    const { hasPartition, options } = this.#surroundings;
    if (!hasPartition(topic, partition)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    const isTooLarge = Buffer.byteLength(metadata ?? '') > options.offsetMetadataBytesMax;
    return isTooLarge ? ErrorCode.OFFSET_METADATA_TOO_LARGE : ErrorCode.NONE;
  }

  /** Whether the change became durable. If not, the journal takes nothing more. */
  #append(change: Parameters<GroupRegistry['append']>[0]): Promise<boolean> {
    return this.#surroundings.registry.append(change).then(
      () => true,
      () => false,
    );
  }
}

function allPartitions(byTopic: ReadonlyMap<string, ReadonlySet<number>>): PartitionName[] {
  return [...byTopic].flatMap(([topic, partitions]) =>
    [...partitions].map((partition) => ({ topic, partition })),
  );
}
