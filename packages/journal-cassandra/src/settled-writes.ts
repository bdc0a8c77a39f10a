import { JournalError } from '@chat-cluster/journal';
import { sleep, type Timers } from '@chat-cluster/kernel';
import type { NodeGenerations } from './node-generations.ts';

/**
 * Writes that last where Cassandra acknowledges before it syncs (`commitlog_sync: periodic`).
 *
 * A node that is killed, or loses its power, comes back without what it acknowledged last. So a write counts only when
 * `settleMs` have passed since it was acknowledged, which is enough for a sync, and no node has ended since
 * before it was begun: whatever node has acknowledged it has it on its disk then. If one has ended, everything is
 * written again, which is why the write must be idempotent. A node that was away at both ends is taken to have been away in between:
 * Cassandra takes several seconds to start, longer than a write and its settling.
 */
export class SettledWrites {
  readonly #readGenerations: () => Promise<NodeGenerations>;
  readonly #timers: Timers;
  readonly #settleMs: number;

  /** @param options `settleMs`: 0 where a write is acknowledged after it is on the disk */
  constructor(options: {
    readonly readGenerations: () => Promise<NodeGenerations>;
    readonly timers: Timers;
    readonly settleMs: number;
  }) {
    this.#readGenerations = options.readGenerations;
    this.#timers = options.timers;
    this.#settleMs = options.settleMs;
  }

  /** Resolves when what was written will stay. Rejects with what the write rejects with, or 'unavailable' if nodes keep ending. */
  async settle(write: () => Promise<unknown>): Promise<void> {
    if (this.#settleMs === 0) {
      await write();
      return;
    }
    let before = await this.#readGenerations();
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      await write();
      await sleep(this.#timers, this.#settleMs);
      const after = await this.#readGenerations();
      if (areSame(before, after)) return;
      before = after;
    }
    throw new JournalError(
      'unavailable',
      'Nodes of Cassandra keep ending while the journal is written. It is tried again; look at their logs.',
    );
  }
}

/** The caller tries again, later and later. */
const ATTEMPTS_MAX = 3;

function areSame(before: NodeGenerations, after: NodeGenerations): boolean {
  if (before.size !== after.size) return false;
  for (const [node, generation] of after) {
    if (!before.has(node) || before.get(node) !== generation) return false;
  }
  return true;
}
