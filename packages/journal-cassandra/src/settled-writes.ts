import { ConcurrencyLimit, JournalError } from '@chat-cluster/journal';
import { sleep, type Timers } from '@chat-cluster/kernel';
import type { NodeGenerations } from './node-generations.ts';
import type { Probed } from './sync-probe.ts';

/**
 * Writes that last where Cassandra acknowledges before it syncs (`commitlog_sync: periodic`).
 *
 * A node that is killed, or loses its power, comes back without what it acknowledged last. So a write counts only when
 *
 * 1. `settleMs` after it was acknowledged each node takes another write, which shows that it has synced meanwhile, and
 * 2. no node has ended since before it was begun, by their generations.
 *
 * Otherwise everything is written again, which is why the write must be idempotent. A node that was away at both ends, and that
 * Cassandra sees away, is taken to have been away in between: it takes several seconds to start, longer than a write and its settling.
 */
export class SettledWrites {
  readonly #readGenerations: () => Promise<NodeGenerations>;
  readonly #probe: () => Promise<Probed>;
  readonly #timers: Timers;
  readonly #settleMs: number;
  readonly #writing = new ConcurrencyLimit({
    runningMax: WRITES_RUNNING_MAX,
    waitingMax: WRITES_WAITING_MAX,
  });

  /** @param options `settleMs`: 0 where a write is acknowledged after it is on the disk */
  constructor(options: {
    readonly readGenerations: () => Promise<NodeGenerations>;
    readonly probe: () => Promise<Probed>;
    readonly timers: Timers;
    readonly settleMs: number;
  }) {
    this.#readGenerations = options.readGenerations;
    this.#probe = options.probe;
    this.#timers = options.timers;
    this.#settleMs = options.settleMs;
  }

  /** Resolves when what was written will stay. Rejects with what the write rejects with, or 'unavailable' if that cannot be known. */
  async settle(write: () => Promise<unknown>): Promise<void> {
    if (this.#settleMs === 0) {
      await this.#writing.run(write);
      return;
    }
    let before = await this.#readGenerations();
    if (isUnsure(before)) before = await this.#look();
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      await this.#writing.run(write);
      await sleep(this.#timers, this.#settleMs);
      const after = await this.#look();
      if (areSame(before, after)) return;
      before = after;
    }
    throw new JournalError(
      'unavailable',
      'Nodes of Cassandra keep ending while the journal is written. It is tried again; look at their logs.',
    );
  }

  /** Probes, then asks for generations, until nodes that give none are seen away by Cassandra too: of one that is only slow, or out of reach from here, nothing is known. */
  async #look(): Promise<NodeGenerations> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const probed = await this.#probe();
        const generations = await this.#readGenerations();
        if (probed === 'some are away' || !isUnsure(generations)) return generations;
      } catch (error) {
        const mayPass = error instanceof JournalError && error.retriable;
        if (!mayPass || attempt === LOOKS_MAX) throw error;
      }
      if (attempt === LOOKS_MAX) throw new JournalError('unavailable', OUT_OF_REACH);
      await sleep(this.#timers, LOOK_AGAIN_MS);
    }
  }
}

/** With the time-outs of a node that is slow to answer this is half a minute; a caller who tries again begins anew. */
const LOOKS_MAX = 10;
const LOOK_AGAIN_MS = 250;
const OUT_OF_REACH =
  'A node of Cassandra does not answer, and the other nodes see it up: is it slow, or out of reach from here?';

/** Settling overlaps, writing hardly does: more of them would only wait in line at Cassandra, and recoveries with them. */
const WRITES_RUNNING_MAX = 2;
const WRITES_WAITING_MAX = 1_024;

/** The caller tries again, later and later. */
const ATTEMPTS_MAX = 3;

function isUnsure(generations: NodeGenerations): boolean {
  return [...generations.values()].includes(undefined);
}

function areSame(before: NodeGenerations, after: NodeGenerations): boolean {
  if (before.size !== after.size) return false;
  for (const [node, generation] of after) {
    if (!before.has(node) || before.get(node) !== generation) return false;
  }
  return true;
}
