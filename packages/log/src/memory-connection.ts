import { LogError } from './log-error.ts';
import { MemoryLane } from './memory-lane.ts';
import type { MemoryApi, MemoryCall, MemoryFault, MemoryNetwork } from './memory-network.ts';

/**
 * One client's connection to the memory broker: requests arrive in the order they were sent, answers in the order they were given.
 * A request that its sender gave up on may still arrive later, as on a connection that was dropped for it.
 */
export class MemoryConnection {
  readonly #network: MemoryNetwork;
  readonly #client: string;
  #requests: MemoryLane;
  #answers: MemoryLane;
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
   * @throws LogError `unavailable` when the request or its answer was lost, what `handle` throws otherwise
   */
  call<T>(api: MemoryApi, handle: () => T | Promise<T>): Promise<T> {
    const call: MemoryCall = { api, client: this.#client };
    const fault = this.#network.faults.decide(call);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#isClosed) return promise;
    const loss = this.#lossOf(fault);
    if (loss !== undefined) {
      this.#network.timers.after(loss.noticedAfterMs, () => {
        if (!this.#isClosed) reject(lostError(api));
      });
    }
    if (fault.kind === 'drop-request') return promise;
    const isAnswerLost = loss !== undefined;
    const answer = (settle: () => void): void => {
      if (!isAnswerLost) this.#answer(call, settle, () => reject(lostError(api)));
    };
    this.#requestLane(isAnswerLost).deliver(this.#requestDelayMs(call, fault), () => {
      if (this.#network.isCut(this.#client)) {
        if (!isAnswerLost) this.#later(() => reject(lostError(api)));
        return;
      }
      run(handle).then(
        (value) => answer(() => resolve(value)),
        (error: unknown) => answer(() => reject(error)),
      );
    });
    return promise;
  }

  /** As when the process dies: nothing is sent any more, what was sent may still arrive, and what is awaited stays pending for ever. */
  close(): void {
    this.#isClosed = true;
  }

  #answer(call: MemoryCall, settle: () => void, lose: () => void): void {
    this.#answers.deliver(this.#network.hopDelayMs(call), () => {
      if (this.#isClosed) return;
      if (this.#network.isCut(this.#client)) this.#later(lose);
      else settle();
    });
  }

  #later(callback: () => void): void {
    this.#network.timers.after(this.#network.requestTimeoutMs, () => {
      if (!this.#isClosed) callback();
    });
  }

  #requestDelayMs(call: MemoryCall, fault: MemoryFault): number {
    return this.#network.hopDelayMs(call) + (fault.kind === 'delay' ? fault.delayMs : 0);
  }

  /** Who gives up on a request closes its connection: what is sent next overtakes it. */
  #requestLane(isAnswerLost: boolean): MemoryLane {
    const lane = this.#requests;
    if (isAnswerLost) this.#requests = new MemoryLane(this.#network.timers);
    return lane;
  }

  #lossOf(fault: MemoryFault): { noticedAfterMs: number } | undefined {
    const { requestTimeoutMs } = this.#network;
    if (fault.kind === 'pass') return undefined;
    if (fault.kind !== 'delay') return { noticedAfterMs: fault.noticedAfterMs ?? requestTimeoutMs };
    return fault.delayMs > requestTimeoutMs ? { noticedAfterMs: requestTimeoutMs } : undefined;
  }
}

async function run<T>(handle: () => T | Promise<T>): Promise<T> {
  return handle();
}

function lostError(api: MemoryApi): LogError {
  return new LogError('unavailable', `No answer to ${api} came in time; it may have taken effect.`);
}
