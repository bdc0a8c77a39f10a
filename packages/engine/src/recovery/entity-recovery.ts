import { JournalError } from '@chat-cluster/journal';
import { sleep } from '@chat-cluster/kernel';
import type { ShardTail } from '../backlog/shard-tail.ts';
import type { StateDefinition } from '../entity/entity-definition.ts';
import { Entity } from '../entity/entity.ts';
import type { IncomingStates } from '../hand-over/incoming-states.ts';
import type { ShardContext } from '../shard/shard-context.ts';
import { recoverEntities } from './recover-entities.ts';

const BACKOFF_FIRST_MS = 50;
const BACKOFF_MAX_MS = 1_000;

type RecoveryContext<State, Event> = Pick<
  ShardContext<State, never, Event>,
  'clock' | 'counters' | 'journal' | 'limits' | 'recoveries' | 'report' | 'timers'
> & { readonly definition: StateDefinition<State, Event> };

/**
 * Entities of a tenure's first reads, so that its first records wait for little. On busy cores a large read takes seconds, and all that
 * wait for one of its entities wait for the last of them. All further reads have `recoveryBatchCount`.
 */
const FIRST_READS = [1, 4, 16] as const;

/** Among all shards of a worker: every first read before any second one, and so on, then the large ones, in order. */
const RANK_OF_LARGE_READS = FIRST_READS.length;
/** … and behind them what no record waits for. */
export const RANK_OF_READS_AHEAD = RANK_OF_LARGE_READS + 1;

/** Recovers entities of a shard in bulk, concurrently and bounded; each at most once at a time. While the journal is away it tries again, as long as the tenure lasts. */
export class EntityRecovery<State, Event> {
  readonly #underWay = new Set<string>();
  readonly #context: RecoveryContext<State, Event>;
  readonly #tail: ShardTail;
  readonly #incoming: IncomingStates | undefined;
  readonly #lasts: () => boolean;
  readonly #onRecovered: (entities: readonly Entity<State, Event>[]) => void;
  readonly #onFailed: (error: Error) => void;
  /** Reads that records waited for, of this tenure. */
  #readCount = 0;

  constructor(options: {
    context: RecoveryContext<State, Event>;
    tail: ShardTail;
    incoming?: IncomingStates | undefined;
    lasts: () => boolean;
    onRecovered: (entities: readonly Entity<State, Event>[]) => void;
    onFailed: (error: Error) => void;
  }) {
    this.#context = options.context;
    this.#tail = options.tail;
    this.#incoming = options.incoming;
    this.#lasts = options.lasts;
    this.#onRecovered = options.onRecovered;
    this.#onFailed = options.onFailed;
  }

  /** Recovers `entityId` in the first read, and those of `neededSoon` that are not under way, in their order. */
  start(entityId: string, neededSoon: readonly string[]): void {
    const fresh = [entityId, ...neededSoon.filter((id) => id !== entityId)].filter(
      (id) => !this.#underWay.has(id),
    );
    for (const id of fresh) this.#underWay.add(id);
    for (let at = 0; at < fresh.length;) {
      const rank = Math.min(this.#readCount, RANK_OF_LARGE_READS);
      this.#readCount += 1;
      const { recoveryBatchCount } = this.#context.limits;
      const count = Math.min(FIRST_READS[rank] ?? recoveryBatchCount, recoveryBatchCount);
      void this.#recover(fresh.slice(at, at + count), rank);
      at += count;
    }
  }

  /** Recovers entities that nobody waits for yet; resolves with how many when they are read, or there is no point any more. */
  async warm(entityIds: readonly string[]): Promise<number> {
    const fresh = entityIds.filter((id) => !this.#underWay.has(id));
    if (fresh.length === 0) return 0;
    for (const id of fresh) this.#underWay.add(id);
    await this.#recover(fresh, RANK_OF_READS_AHEAD);
    return fresh.length;
  }

  async #recover(entityIds: readonly string[], rank: number): Promise<void> {
    try {
      const unknown = this.#incoming ? await this.#takeFrom(this.#incoming, entityIds) : entityIds;
      if (unknown.length === 0) return;
      const entities = await this.#context.recoveries.run(() => this.#untilRead(unknown), {
        rank,
      });
      this.#found(unknown, entities);
    } catch (error) {
      this.#onFailed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #found(
    entityIds: readonly string[],
    entities: readonly Entity<State, Event>[] | undefined,
  ): void {
    for (const id of entityIds) this.#underWay.delete(id);
    if (entities !== undefined && this.#lasts()) this.#onRecovered(entities);
  }

  /** Takes those whose latest state the former owner gave; answers the others. */
  async #takeFrom(
    incoming: IncomingStates,
    entityIds: readonly string[],
  ): Promise<readonly string[]> {
    if (!incoming.isSettled) await incoming.settled;
    const given = new Map<string, Entity<State, Event>>();
    for (const id of entityIds) {
      const entity = this.#given(incoming, id);
      if (entity !== undefined) given.set(id, entity);
    }
    if (given.size > 0) this.#found([...given.keys()], [...given.values()]);
    if (this.#lasts()) this.#context.counters.entitiesHandedOver += given.size;
    return entityIds.filter((id) => !given.has(id));
  }

  /** Undefined where there is none, or where the entity’s code cannot read it: then it is built from its events. */
  #given(incoming: IncomingStates, id: string): Entity<State, Event> | undefined {
    const { clock, definition } = this.#context;
    const retired = incoming.take(id);
    if (retired === undefined) return undefined;
    const entity = new Entity<State, Event>({ id, nowMs: clock.monotonicMs() });
    entity.begin(definition, retired.state);
    entity.seqNext = retired.seqNext;
    entity.snapshotSeqNext = retired.snapshotSeqNext;
    if (entity.state === undefined || !this.#hasAllOf(entity)) return undefined;
    try {
      entity.measure(definition);
      return entity;
    } catch {
      return undefined;
    }
  }

  /** What the backlog has of it is in its state, or the state is not the one that it says it is. */
  #hasAllOf({ id, seqNext }: Entity<State, Event>): boolean {
    return (this.#tail.eventsOf(id).at(-1)?.seq ?? -1) < seqNext;
  }

  async #untilRead(
    entityIds: readonly string[],
  ): Promise<readonly Entity<State, Event>[] | undefined> {
    const { clock, definition, journal, report, timers } = this.#context;
    let backoffMs = BACKOFF_FIRST_MS;
    while (this.#lasts()) {
      try {
        const options = { definition, journal, tail: this.#tail, nowMs: clock.monotonicMs() };
        return await recoverEntities(options, entityIds);
      } catch (error) {
        if (!(error instanceof JournalError) || !error.retriable) throw error;
        report('warn', 'Entities cannot be read from the journal; their records wait.', {
          count: entityIds.length,
          error,
        });
        await sleep(timers, backoffMs);
        backoffMs = Math.min(BACKOFF_MAX_MS, backoffMs * 2);
      }
    }
    return undefined;
  }
}
