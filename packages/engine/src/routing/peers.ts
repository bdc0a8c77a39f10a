import type { AskOutcome, Question, WatchedEvent, WatchEnd } from './entity-owner.ts';
import type { ShardMap } from './shard-map.ts';

/**
 * `refused`: nobody listens there. `broken`: the connection ended under the call, or could not be made. `silent`: no answer in time. `unauthenticated`: the secrets or certificates differ.
 * `failed`: the peer's answer is an error of its own.
 */
export type PeerErrorCode = 'refused' | 'broken' | 'silent' | 'unauthenticated' | 'failed';

/** What happened to a call of another node. Its message goes on a sentence that begins with that node. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
  readonly code: PeerErrorCode;

  constructor(code: PeerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type HopOptions = {
  /** The peer gives up then, too. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

/** The EntityService of other nodes, by endpoint (HOST:PORT). Every call rejects with a PeerError, or with the reason of the signal that ended it. */
export interface Peers {
  /** Asks that node only: it answers itself, or says that it is not the owner. */
  ask(
    endpoint: string,
    entityType: string,
    question: Question,
    options: HopOptions,
  ): Promise<AskOutcome>;
  /** Events of an owner there, in order; a promise that `onEvent` returns is waited for before the next one. */
  watch(
    endpoint: string,
    watched: {
      readonly entityType: string;
      readonly entityId: string;
      readonly seqFrom: number;
    },
    onEvent: (event: WatchedEvent) => Promise<void> | undefined,
    signal: AbortSignal,
  ): Promise<WatchEnd>;
  /** Rejects with a RouterError, too: `unknown-entity-type`, from a node that has workers, none of that type. */
  shardMap(endpoint: string, entityType: string, options: HopOptions): Promise<ShardMap>;
  close(): void;
}
