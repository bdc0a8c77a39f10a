import type { Timers } from '@chat-cluster/kernel';

/** The requests a client of the memory broker sends, by their names in the Kafka protocol. */
export type MemoryApi =
  | 'AddOffsetsToTxn'
  | 'AddPartitionsToTxn'
  | 'CreateTopics'
  | 'DescribeConfigs'
  | 'DescribeGroups'
  | 'EndTxn'
  | 'Fetch'
  | 'Heartbeat'
  | 'InitProducerId'
  | 'JoinGroup'
  | 'LeaveGroup'
  | 'ListOffsets'
  | 'ListTransactions'
  | 'Metadata'
  | 'OffsetCommit'
  | 'OffsetFetch'
  | 'Produce'
  | 'SyncGroup'
  | 'TxnOffsetCommit';

/** One request: what it asks, and whose it is (the name given to the `MemoryLog`). */
export type MemoryCall = { readonly api: MemoryApi; readonly client: string };

/**
 * What happens to one request beyond the usual.
 * - delay: it arrives `delayMs` later. Later than the request time-out, its sender has given up on it meanwhile.
 * - drop-request: it never arrives.
 * - drop-answer: it takes effect, and its answer is lost.
 *
 * Who loses a request or an answer gets `unavailable` after `noticedAfterMs` (default: the request time-out), and cannot tell which it was.
 */
export type MemoryFault =
  | { readonly kind: 'pass' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'drop-request'; readonly noticedAfterMs?: number }
  | { readonly kind: 'drop-answer'; readonly noticedAfterMs?: number };

/** Decides about each request when it is sent. For tests and simulations. */
export type MemoryFaults = { decide(call: MemoryCall): MemoryFault };

export type MemoryNetworkOptions = {
  readonly timers: Timers;
  /** How long a request, and again its answer, is on its way; default 0: one microtask each. Asked for each of them, so that it may be random. */
  readonly hopDelayMs?: (call: MemoryCall) => number;
  /** After this long a sender gives up on a request that was lost; default 1,000. */
  readonly requestTimeoutMs?: number;
  readonly faults?: MemoryFaults;
};

/** What lies between the memory broker and its clients: it delays, and drops what it is told to. */
export class MemoryNetwork {
  readonly timers: Timers;
  readonly requestTimeoutMs: number;
  /** May be exchanged at any time; for requests sent from then on. */
  faults: MemoryFaults;
  readonly #hopDelayMs: (call: MemoryCall) => number;
  readonly #clientsCut = new Set<string>();

  constructor(options: MemoryNetworkOptions) {
    this.timers = options.timers;
    this.requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    this.faults = options.faults ?? NO_FAULTS;
    this.#hopDelayMs = options.hopDelayMs ?? (() => 0);
  }

  /** From now on nothing of this client arrives, and no answer reaches it: those that are under way neither. */
  cut(client: string): void {
    this.#clientsCut.add(client);
  }

  heal(client: string): void {
    this.#clientsCut.delete(client);
  }

  isCut(client: string): boolean {
    return this.#clientsCut.has(client);
  }

  hopDelayMs(call: MemoryCall): number {
    return this.#hopDelayMs(call);
  }
}

const NO_FAULTS: MemoryFaults = { decide: () => ({ kind: 'pass' }) };
const REQUEST_TIMEOUT_MS = 1_000;
