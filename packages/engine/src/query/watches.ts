import { homePartition } from '@chat-cluster/log';
import type { EngineLimits } from '../engine-limits.ts';
import type { EngineTopics } from '../engine-topics.ts';
import { entityIdProblem } from '../entity/entity-id.ts';
import type { TailEvent } from '../output/event-record.ts';
import type { WatchEnd } from '../routing/entity-owner.ts';
import { reasonOf } from './abort-reason.ts';
import { EntityWatch, type OnWatchedEvent, type WatchContext } from './entity-watch.ts';

type WatchesOptions = Omit<WatchContext, 'watchBytesMax' | 'watchStallMs'> & {
  readonly topics: EngineTopics;
  readonly limits: Pick<EngineLimits, 'watchBytesMax' | 'watchesMax' | 'watchStallMs'>;
};

/** The watches of a worker, by entity. */
export class Watches {
  readonly #options: WatchesOptions;
  readonly #byEntity = new Map<string, Set<EntityWatch>>();
  #count = 0;

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  /** See EntityOwner.watch. */
  watch(
    { entityId, seqFrom }: { readonly entityId: string; readonly seqFrom: number },
    onEvent: OnWatchedEvent,
    signal: AbortSignal,
  ): Promise<WatchEnd> {
    if (signal.aborted) return Promise.reject(reasonOf(signal));
    const refusal = this.#refusal(entityId, seqFrom);
    if (refusal !== undefined) return Promise.resolve(refusal);
    const { topics, limits } = this.#options;
    return new Promise((resolve, reject) => {
      const remove = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#remove(entityId, watch);
      };
      const watch = new EntityWatch({
        ...this.#options,
        watchBytesMax: limits.watchBytesMax,
        watchStallMs: limits.watchStallMs,
        entityId,
        seqFrom,
        partition: homePartition(Buffer.from(entityId), topics.shardCount),
        onEvent,
        onEnd: (end) => {
          remove();
          resolve(end);
        },
        onFailed: (error) => {
          remove();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      });
      const onAbort = (): void => {
        watch.cancel();
        remove();
        reject(reasonOf(signal));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#add(entityId, watch);
      watch.start();
    });
  }

  /** The tenure of a shard has begun to run, or is over. */
  look(partition: number): void {
    for (const own of [...this.#byEntity.values()]) {
      for (const watch of [...own]) if (watch.partition === partition) watch.look();
    }
  }

  /** These have committed, in this order. */
  committed(events: readonly TailEvent[]): void {
    if (this.#count === 0) return;
    for (const event of events) {
      const own = this.#byEntity.get(event.entityId);
      if (own !== undefined) for (const watch of [...own]) watch.committed(event);
    }
  }

  #refusal(entityId: string, seqFrom: number): WatchEnd | undefined {
    const idProblem = entityIdProblem(entityId);
    if (idProblem !== undefined) {
      return { kind: 'refused', code: 'invalid-entity-id', reason: idProblem };
    }
    if (!Number.isSafeInteger(seqFrom) || seqFrom < 0) {
      return { kind: 'refused', code: 'invalid-position', reason: `${seqFrom} is no seq.` };
    }
    const { watchesMax } = this.#options.limits;
    if (this.#count < watchesMax) return undefined;
    const reason = `More than ${watchesMax} watches are open here. Close some, or ask for what is there now and then.`;
    return { kind: 'refused', code: 'overloaded', reason };
  }

  #add(entityId: string, watch: EntityWatch): void {
    this.#count += 1;
    const own = this.#byEntity.get(entityId);
    if (own === undefined) this.#byEntity.set(entityId, new Set([watch]));
    else own.add(watch);
  }

  #remove(entityId: string, watch: EntityWatch): void {
    const own = this.#byEntity.get(entityId);
    if (own?.delete(watch) !== true) return;
    this.#count -= 1;
    if (own.size === 0) this.#byEntity.delete(entityId);
  }
}
