import type { SectionJournal, StateJournal } from '../state-journal/state-journal.ts';
import { CommittedOffsets } from './committed-offsets.ts';
import type { GroupChange, StoredOffset } from './group-change.ts';
import { Group, type GroupSurroundings } from './group.ts';

/** A group and what it has committed. */
export type GroupEntry = { readonly group: Group; readonly offsets: CommittedOffsets };

/** All groups by id, and their part of the state journal. */
export class GroupRegistry {
  readonly #entries = new Map<string, GroupEntry>();
  readonly #journal: SectionJournal<GroupChange>;
  readonly #surroundings: GroupSurroundings;
  /** The order of the last commit of offsets. */
  #lastOrder = 0;

  /** Registers the journal's section `groups`; the journal is opened by somebody else, later. */
  constructor(surroundings: Omit<GroupSurroundings, 'store'> & { journal: StateJournal }) {
    this.#journal = surroundings.journal.section<GroupChange>({
      name: 'groups',
      replay: (change) => this.#replay(change),
      snapshot: () => this.#snapshot(),
    });
    this.#surroundings = {
      ...surroundings,
      store: (group) => this.append({ kind: 'group', group }),
    };
  }

  get(groupId: string): GroupEntry | undefined {
    return this.#entries.get(groupId);
  }

  /** Undefined when there are as many groups as there may be. */
  getOrCreate(groupId: string): GroupEntry | undefined {
    const known = this.#entries.get(groupId);
    if (known || this.#entries.size >= this.#surroundings.options.groupCountMax) return known;
    return this.#create(groupId);
  }

  all(): IterableIterator<GroupEntry> {
    return this.#entries.values();
  }

  /** The place of a commit of offsets among all others. */
  nextOrder(): number {
    this.#lastOrder += 1;
    return this.#lastOrder;
  }

  append(change: GroupChange): Promise<void> {
    return this.#journal.append(change);
  }

  /**
   * Deletes an empty group and its committed offsets; what open transactions have staged stays.
   *
   * @returns resolved when the deletion is durable
   */
  delete(groupId: string): Promise<void> {
    this.#delete(groupId);
    return this.append({ kind: 'group-deleted', groupId });
  }

  /** Starts the sessions of what was replayed. After the journal is open. */
  start(): void {
    for (const { group } of this.#entries.values()) group.startSessions();
  }

  /** Stops all timers, and answers all parked requests. */
  close(): void {
    for (const { group } of this.#entries.values()) group.close();
  }

  #create(groupId: string, offsets = new CommittedOffsets()): GroupEntry {
    const entry = { group: new Group(groupId, this.#surroundings), offsets };
    this.#entries.set(groupId, entry);
    return entry;
  }

  #delete(groupId: string): void {
    const entry = this.#entries.get(groupId);
    if (entry === undefined) return;
    entry.group.die();
    entry.offsets.clearCommitted();
    if (entry.offsets.isEmpty) this.#entries.delete(groupId);
    else this.#create(groupId, entry.offsets);
  }

  #replay(change: GroupChange): void {
    switch (change.kind) {
      case 'group': {
        // A later state of the group replaces the whole earlier one, its offsets aside.
        const { groupId } = change.group;
        const { group } = this.#create(groupId, this.#entries.get(groupId)?.offsets);
        return group.restore(change.group);
      }
      case 'group-deleted':
        this.#entries.get(change.groupId)?.offsets.clearCommitted();
        if (this.#entries.get(change.groupId)?.offsets.isEmpty) {
          this.#entries.delete(change.groupId);
        }
        return;
      case 'offsets-committed':
        this.#replayOrders(change.offsets);
        return this.#replayed(change.groupId).offsets.commit(change.offsets);
      case 'offsets-staged':
        this.#replayOrders(change.offsets);
        return this.#replayed(change.groupId).offsets.stage(change.producerId, change.offsets);
      case 'offsets-removed': {
        const { offsets } = this.#replayed(change.groupId);
        for (const [topic, partition] of change.partitions) offsets.remove(topic, partition);
        return;
      }
      case 'topic-offsets-removed':
        for (const { offsets } of this.#entries.values()) offsets.removeTopic(change.topic);
    }
  }

  #replayOrders(offsets: readonly StoredOffset[]): void {
    for (const { order } of offsets) this.#lastOrder = Math.max(this.#lastOrder, order);
  }

  #replayed(groupId: string): GroupEntry {
    return this.#entries.get(groupId) ?? this.#create(groupId);
  }

  *#snapshot(): IterableIterator<GroupChange> {
    for (const { group, offsets } of this.#entries.values()) {
      const { groupId, stored } = group;
      if (stored) yield { kind: 'group', group: stored };
      const committed = [...offsets.committed()];
      if (committed.length > 0) yield { kind: 'offsets-committed', groupId, offsets: committed };
      for (const { producerId, offsets: staged } of offsets.staged()) {
        yield { kind: 'offsets-staged', groupId, producerId, offsets: staged };
      }
    }
  }
}
