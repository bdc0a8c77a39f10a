import type { Cancel } from '@chat-cluster/kernel';
import { LogError } from './log-error.ts';
import { MemoryLane } from './memory-lane.ts';
import type { MemoryApi, MemoryCall, MemoryFault, MemoryNetwork } from './memory-network.ts';

type Pending = { readonly lose: () => void; cancelTimeout: Cancel };

/**
 * One client's connection to the memory broker: requests arrive in the order they were sent, answers in the order they were given.
 * A request that its sender gave up on may still arrive later, as on a connection that was dropped for it.
 */
export class MemoryConnection {
  readonly #network: MemoryNetwork;
  readonly #client: string;
  #requests: MemoryLane;
  #answers: MemoryLane;
  /** What is waited for. */
  readonly #pending = new Set<Pending>();
  #isClosed = false;

  constructor(network: MemoryNetwork, client: string) {
    this.#network = network;
    this.#client = client;
    this.#requests = new MemoryLane(network.timers);
    this.#answers = new MemoryLane(network.timers);
  }

  /**
   * Sends a request. `handle` runs at the broker, when the request arrives; it may answer later (a promise).
   *
   * @param waitMaxMs given where the broker may answer much later, or never: after this and the request time-out the caller gives up
   * @throws LogError `unavailable` when the request or its answer was lost, what `handle` throws otherwise
   */
  call<T>(api: MemoryApi, handle: () => T | Promise<T>, waitMaxMs?: number): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#isClosed) return promise;
    const call: MemoryCall = { api, client: this.#client };
    const fault = this.#network.faults.decide(call);
    const finish = (settle: () => void): void => {
      if (this.#isClosed || !this.#pending.delete(pending)) return;
      pending.cancelTimeout();
      settle();
    };
    const lose = (): void => finish(() => reject(lostError(api)));
    const pending: Pending = { lose, cancelTimeout: () => {} };
    this.#pending.add(pending);
    if (waitMaxMs !== undefined) this.#loseAfter(pending, waitMaxMs + this.#requestTimeoutMs);
    const lane = this.#laneFor(fault, pending);
    if (fault.kind === 'drop-request') return promise;
    const answer = (settle: () => void): void => {
      if (fault.kind === 'drop-answer') return;
      this.#answers.deliver(this.#network.hopDelayMs(call), () => {
        if (this.#isCut) this.#loseAfter(pending, this.#requestTimeoutMs);
        else finish(settle);
      });
    };
    const delayMs = this.#network.hopDelayMs(call) + (fault.kind === 'delay' ? fault.delayMs : 0);
    lane.deliver(delayMs, () => {
      if (this.#isCut) {
        this.#loseAfter(pending, this.#requestTimeoutMs);
        return;
      }
      run(handle).then(
        (value) => answer(() => resolve(value)),
        (error: unknown) => answer(() => reject(error)),
      );
    });
    return promise;
  }

  /** Drops the connection: what was sent still arrives, its answers are lost, and the caller knows at once. The next call opens another one. */
  break(): void {
    this.#renew();
    for (const { lose } of this.#pending) lose();
  }

  /** As when the process dies: nothing is sent any more, what was sent may still arrive, and what is awaited stays pending for ever. */
  close(): void {
    this.#isClosed = true;
    for (const { cancelTimeout } of this.#pending) cancelTimeout();
    this.#pending.clear();
  }

  get #isCut(): boolean {
    return this.#network.isCut(this.#client);
  }

  /** Who gives up on a request drops its connection: what is sent next overtakes it. */
  #laneFor(fault: MemoryFault, pending: Pending): MemoryLane {
    const lane = this.#requests;
    if (fault.kind === 'pass') return lane;
    if (fault.kind === 'delay' && fault.delayMs <= this.#requestTimeoutMs) return lane;
    this.#renew();
    const noticedAfterMs = fault.kind === 'delay' ? undefined : fault.noticedAfterMs;
    this.#loseAfter(pending, noticedAfterMs ?? this.#requestTimeoutMs);
    return lane;
  }

  #renew(): void {
    this.#requests = new MemoryLane(this.#network.timers);
    this.#answers = new MemoryLane(this.#network.timers);
  }

  #loseAfter(pending: Pending, delayMs: number): void {
    pending.cancelTimeout();
    pending.cancelTimeout = this.#network.timers.after(delayMs, pending.lose);
  }

  get #requestTimeoutMs(): number {
    return this.#network.requestTimeoutMs;
  }
}

async function run<T>(handle: () => T | Promise<T>): Promise<T> {
  return handle();
}

function lostError(api: MemoryApi): LogError {
  return new LogError('unavailable', `No answer to ${api} came in time; it may have taken effect.`);
}
