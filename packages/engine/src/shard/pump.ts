import type { Intake } from '../intake/intake.ts';
import type { ShardContext } from './shard-context.ts';
import type { Shard } from './shard.ts';

type PumpOptions<State, Command, Event> = {
  readonly context: Pick<ShardContext<State, Command, Event>, 'limits' | 'timers' | 'onFailed'>;
  readonly intake: Intake;
  readonly shards: () => Iterable<Shard<State, Command, Event>>;
  /** Something may have been decided. */
  readonly onDecided: () => void;
};

/** Decides what there is, shard by shard, in slices: between two of them other work gets the thread. */
export class Pump<State, Command, Event> {
  readonly #options: PumpOptions<State, Command, Event>;
  #isScheduled = false;
  #from = 0;
  #isStopped = false;

  constructor(options: PumpOptions<State, Command, Event>) {
    this.#options = options;
  }

  /** There may be something to decide. */
  schedule(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    this.#options.context.timers.after(0, () => {
      this.#isScheduled = false;
      if (this.#isStopped) return;
      if (this.#round()) this.schedule();
      this.#options.onDecided();
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Whether the inputs hold so much that throughput counts more than how soon one record is done. */
  get isBehind(): boolean {
    const { context, shards } = this.#options;
    let left = context.limits.behindRecords;
    for (const { queues } of shards()) {
      for (const { lag } of queues) left -= lag;
      if (left <= 0) return true;
    }
    return false;
  }

  /** One slice, each time from another shard on, so that a busy one does not starve the others. True when there may be more to decide. */
  #round(): boolean {
    const { context, intake } = this.#options;
    const shards = [...this.#options.shards()];
    let left = context.limits.decideSliceRecords;
    for (let step = 0; step < shards.length && left > 0; step++) {
      const shard = shards[(this.#from + step) % shards.length];
      if (shard === undefined) continue;
      left -= this.#decide(shard, left);
      // Also where nothing was decided now: a record may have waited for history, and be gone since.
      if (shard.tenure.lasts) intake.balance(shard.queues);
    }
    this.#from += 1;
    return left <= 0;
  }

  /** A failed assertion stops the shard, and no other. */
  #decide(shard: Shard<State, Command, Event>, countMax: number): number {
    try {
      return shard.decideSlice(countMax);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      this.#options.context.onFailed(shard.partition, failure);
      return 0;
    }
  }
}
