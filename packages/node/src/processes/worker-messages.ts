import type { ExplainQuestion, ShardMap } from '@chat-cluster/engine';
import type { WorkerEndpoint } from '../worker-endpoint.ts';

/** What a worker in a process of its own has to be. */
export type WorkerOrders = {
  readonly endpoint: WorkerEndpoint;
  /** The application's own. */
  readonly settings: unknown;
};

/** What a node tells a process that it has started for a worker. Processes exchange plain values. */
export type ToWorker =
  /** First of all. */
  | { readonly kind: 'start'; readonly orders: WorkerOrders }
  /** Asks for an `answer` with the same number. */
  | { readonly kind: 'ask'; readonly id: number; readonly question: WorkerQuestion }
  /** Who asked the question of this number has gone: nobody looks at its answer. */
  | { readonly kind: 'give-up'; readonly id: number }
  /** Drain, commit, leave the group, end. */
  | { readonly kind: 'stop' };

/** Answered as NodeWorker's function of that name does. */
export type WorkerQuestion =
  | { readonly kind: 'look' }
  | { readonly kind: 'explain'; readonly question: ExplainQuestion; readonly deadlineMs: number };

/** What the process of a worker tells its node. */
export type FromWorker =
  /** It has its first assignment. */
  | { readonly kind: 'started' }
  /** With each new one. */
  | { readonly kind: 'map'; readonly map: ShardMap }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  /** It ends, and this is why; a sentence. */
  | { readonly kind: 'failed'; readonly sentence: string };
