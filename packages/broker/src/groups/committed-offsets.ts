import type { StoredOffset } from './group-change.ts';
import { PartitionMap } from './partition-map.ts';

/** What a reader gets for one partition. */
export type OffsetReading =
  | { readonly kind: 'committed'; readonly offset: StoredOffset }
  | { readonly kind: 'none' }
  /** An open transaction may change it: ask again. */
  | { readonly kind: 'unstable' };

/** The offsets of one group: those that count, and those that wait for a transaction's end. */
export class CommittedOffsets {
  readonly #committed = new PartitionMap<StoredOffset>();
  readonly #stagedByProducer = new Map<number, PartitionMap<StoredOffset>>();

  get isEmpty(): boolean {
    return this.#committed.size === 0 && this.#stagedByProducer.size === 0;
  }

  /** Offsets that were sent before those that count change nothing: their transaction has ended late. */
  commit(offsets: readonly StoredOffset[]): void {
    for (const offset of offsets) {
      const before = this.#committed.get(offset.topic, offset.partition);
      if (before === undefined || before.order < offset.order) {
        this.#committed.set(offset.topic, offset.partition, offset);
      }
    }
  }

  /** Keeps offsets for a producer's open transaction; later ones of it replace earlier ones. */
  stage(producerId: number, offsets: readonly StoredOffset[]): void {
    const staged = this.#stagedByProducer.get(producerId) ?? new PartitionMap<StoredOffset>();
    this.#stagedByProducer.set(producerId, staged);
    for (const offset of offsets) staged.set(offset.topic, offset.partition, offset);
  }

  /** Ends a producer's transaction: its staged offsets count now, or never did. Idempotent. */
  endTransaction(producerId: number, outcome: 'commit' | 'abort'): void {
    const staged = this.#stagedByProducer.get(producerId);
    if (staged === undefined) return;
    this.#stagedByProducer.delete(producerId);
    if (outcome === 'commit') this.commit([...staged.values()]);
  }

  /** @param options `requireStable`: whether offsets that a transaction may change are unstable */
  read(topic: string, partition: number, { requireStable = false } = {}): OffsetReading {
    if (requireStable && this.hasStaged(topic, partition)) return { kind: 'unstable' };
    const offset = this.#committed.get(topic, partition);
    return offset === undefined ? { kind: 'none' } : { kind: 'committed', offset };
  }

  hasStaged(topic: string, partition: number): boolean {
    for (const staged of this.#stagedByProducer.values()) {
      if (staged.get(topic, partition) !== undefined) return true;
    }
    return false;
  }

  remove(topic: string, partition: number): void {
    this.#committed.delete(topic, partition);
  }

  /** Forgets a deleted topic, staged offsets included. True if there was anything. */
  removeTopic(topic: string): boolean {
    let hadAny = this.#committed.deleteTopic(topic);
    for (const [producerId, staged] of this.#stagedByProducer) {
      hadAny = staged.deleteTopic(topic) || hadAny;
      if (staged.size === 0) this.#stagedByProducer.delete(producerId);
    }
    return hadAny;
  }

  /** Forgets what counts; what transactions have staged stays. */
  clearCommitted(): void {
    this.#committed.clear();
  }

  committed(): IterableIterator<StoredOffset> {
    return this.#committed.values();
  }

  /** Topics with their partitions, those with staged offsets only included. */
  partitions(): Map<string, Set<number>> {
    const partitions = new Map<string, Set<number>>();
    const maps = [this.#committed, ...this.#stagedByProducer.values()];
    for (const { topic, partition } of maps.flatMap((map) => [...map.values()])) {
      partitions.set(topic, (partitions.get(topic) ?? new Set()).add(partition));
    }
    return partitions;
  }

  /** What is staged, for a snapshot. */
  *staged(): IterableIterator<{ producerId: number; offsets: readonly StoredOffset[] }> {
    for (const [producerId, staged] of this.#stagedByProducer) {
      yield { producerId, offsets: [...staged.values()] };
    }
  }
}
