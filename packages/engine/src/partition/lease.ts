import type { Clock } from '@chat-cluster/kernel';
import type { AssignedMap, ToldWaits } from './assignment-data.ts';

/** A generation as a member got to know it. `atMs`: when, monotonic. */
export type KnownGeneration = {
  readonly generationId: number;
  readonly map: AssignedMap | undefined;
  readonly atMs: number;
};

/** The last generation, and from when on nobody else's lease of a shard can hold any more; -Infinity for always. */
export type LeaseState = {
  readonly generation: KnownGeneration;
  readonly opensAtMs: readonly number[];
};

/**
 * When a member may answer for the shards it owns. It gets to know each generation before its tenures of that generation begin; a tenure keeps the time that it began with, because nobody else
 * has owned its shard since.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #state: LeaseState | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  assigned(generationId: number, map: AssignedMap | undefined): void {
    const atMs = this.#options.clock.monotonicMs();
    this.#state = nextLeaseState(this.#state, { generationId, map, atMs }, this.#options);
  }

  /** What a leader tells the others beside this map, which will be that of the next generation. */
  waitsOf(map: Omit<AssignedMap, 'told'>): ToldWaits {
    const before = this.#state;
    if (before === undefined) return { knownGenerationId: -1, waitsMs: [] };
    const { generationId } = before.generation;
    const told = { knownGenerationId: -1, waitsMs: [] };
    const atMs = this.#options.clock.monotonicMs();
    const next = { generationId: generationId + 1, map: { ...map, told }, atMs };
    const { opensAtMs } = nextLeaseState(before, next, this.#options);
    const waitsMs = opensAtMs.map((opensMs) => Math.ceil(Math.max(0, opensMs - atMs)));
    return { knownGenerationId: generationId, waitsMs };
  }

  /** Monotonic time from which a tenure of this shard that begins now may answer. */
  opensAtMs(shard: number): number {
    return this.#state?.opensAtMs[shard] ?? Infinity;
  }

  /** Whether an answer may go out now. */
  holds(tenure: { readonly answersFromMs: number }): boolean {
    const { clock, leaseMs, lastConfirmedMs } = this.#options;
    const nowMs = clock.monotonicMs();
    return nowMs >= tenure.answersFromMs && nowMs - lastConfirmedMs() < leaseMs;
  }
}

export type LeaseOptions = {
  readonly clock: Clock;
  /** How long an acknowledged heartbeat lets an owner answer, counted from when it was sent. */
  readonly leaseMs: number;
  readonly shardCount: number;
  /** When the last acknowledged heartbeat was sent, monotonic; -Infinity while out of the group. */
  readonly lastConfirmedMs: () => number;
};

/**
 * Follows the maps that a member gets: whose lease may still hold. An owner answers while its last acknowledged heartbeat is younger than the lease, and heartbeats of a generation are
 * acknowledged until the next one begins. So once a generation is known, its predecessors' leases have ended one lease later; and at once where the owner before gave the shard up:
 * - this member was in the generation before, and its map names the owner, and
 * - that member is in the new generation, and claimed as of the generation before (not by a request from before that comes late), contradicting nobody: its tenures of what it did
 *   not claim had ended before it joined.
 * A shard that stays with its owner changes nothing. A wait that an earlier owner's end began goes on, however often the shard moves meanwhile. A member that was not in the
 * generation before takes the word of a leader that was. Pure.
 */
export function nextLeaseState(
  before: LeaseState | undefined,
  generation: KnownGeneration,
  { leaseMs, shardCount }: { readonly leaseMs: number; readonly shardCount: number },
): LeaseState {
  const { atMs, generationId, map } = generation;
  const told = map?.told.knownGenerationId === generationId - 1 ? map.told.waitsMs : [];
  const opensAtMs = Array.from({ length: shardCount }, (_, shard) => {
    const isPeace = before !== undefined && isPeaceful(before.generation, generation, shard);
    const knownMs = isPeace ? before.opensAtMs[shard] : undefined;
    return Math.min(knownMs ?? Infinity, atMs + (told[shard] ?? leaseMs));
  });
  return { generation, opensAtMs };
}

/** Whether the owner of a shard gave it up between two generations, so that it could be given to another member. */
export function wasGivenUp(before: KnownGeneration, next: KnownGeneration, shard: number): boolean {
  if (!isPeaceful(before, next, shard)) return false;
  const [from, to] = [before, next].map(({ map }) => map?.members[map.owners[shard] ?? -1]);
  return from?.memberId !== to?.memberId;
}

/** Whether a shard stays with its owner, or was given up by it. */
function isPeaceful(before: KnownGeneration, next: KnownGeneration, shard: number): boolean {
  if (before.map === undefined || next.map === undefined) return false;
  if (before.generationId !== next.generationId - 1) return false;
  const owner = before.map.members[before.map.owners[shard] ?? -1];
  if (owner === undefined) return false;
  const still = next.map.members.find(({ memberId }) => memberId === owner.memberId);
  if (still === undefined || still.claimGenerationId === -1) return false;
  const stays = next.map.members[next.map.owners[shard] ?? -1] === still;
  return stays || still.claimGenerationId === before.generationId;
}
