import type { Cancel, Clock, Timers } from '@chat-cluster/kernel';
import type { StoredOffset } from './group-change.ts';
import type { GroupOptions } from './group-options.ts';
import type { GroupEntry, GroupRegistry } from './group-registry.ts';

/**
 * Removes, now and then, the offsets that nobody will ask for (KIP-211), then the empty groups that
 * have none left.
 */
export class OffsetExpiry {
  readonly #registry: GroupRegistry;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #options: GroupOptions;
  #cancelTimer: Cancel = () => {};

  constructor(of: {
    registry: GroupRegistry;
    clock: Clock;
    timers: Timers;
    options: GroupOptions;
  }) {
    this.#registry = of.registry;
    this.#clock = of.clock;
    this.#timers = of.timers;
    this.#options = of.options;
  }

  start(): void {
    this.#cancelTimer = this.#timers.after(this.#options.expiryCheckIntervalMs, () => {
      this.sweep();
      this.start();
    });
  }

  close(): void {
    this.#cancelTimer();
  }

  /** One pass over all groups. Nobody waits for its records: what they lose, the next pass finds. */
  sweep(): void {
    const nowMs = this.#clock.wallMs();
    for (const entry of [...this.#registry.all()]) {
      const { group, offsets } = entry;
      const expired = expiredOffsets(entry, {
        nowMs,
        retentionMs: this.#options.offsetsRetentionMs,
      });
      for (const { topic, partition } of expired) offsets.remove(topic, partition);
      if (group.isUnused && offsets.isEmpty) {
        void this.#registry.delete(group.groupId).catch(() => {});
      } else if (expired.length > 0) {
        const partitions = expired.map(({ topic, partition }) => [topic, partition] as const);
        const change = { kind: 'offsets-removed', groupId: group.groupId, partitions } as const;
        void this.#registry.append(change).catch(() => {});
      }
    }
  }
}

/**
 * The offsets of a group whose time is over. It counts from the commit, and not before the group
 * became empty; in a group with members only for topics that none of them reads.
 */
function expiredOffsets(
  { group, offsets }: GroupEntry,
  { nowMs, retentionMs }: { nowMs: number; retentionMs: number },
): StoredOffset[] {
  const isEmpty = group.phaseName === 'Empty';
  if (!isEmpty && group.phaseName !== 'Stable') return [];
  const isOver = ({ committedAtMs, expiresAtMs }: StoredOffset): boolean => {
    if (expiresAtMs !== null) return nowMs >= expiresAtMs;
    const isSimple = group.protocolType === '';
    const sinceMs =
      isEmpty && !isSimple ? Math.max(committedAtMs, group.emptySinceMs) : committedAtMs;
    return nowMs - sinceMs >= retentionMs;
  };
  return [...offsets.committed()].filter(
    (offset) =>
      isOver(offset) &&
      !offsets.hasStaged(offset.topic, offset.partition) &&
      (isEmpty || !group.maySubscribeTo(offset.topic)),
  );
}
