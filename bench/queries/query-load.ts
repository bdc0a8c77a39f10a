import { createClient, type Client } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { UserService } from '@chat-cluster/contract/purchases';

const TICK_MS = 5;
const TIMEOUT_MS = 5_000;

/** Milliseconds of the answered ones, and what the others said. */
export type Queried = { readonly latencies: readonly number[]; readonly errors: readonly string[] };

/** Asks one front end at a steady rate for users that `nextUser` names, open loop: a slow answer does not hold the next question back. */
export class QueryLoad {
  readonly #service: Client<typeof UserService>;

  constructor(frontEndPort: number) {
    const baseUrl = `http://127.0.0.1:${frontEndPort}`;
    this.#service = createClient(UserService, createGrpcTransport({ baseUrl }));
  }

  /** Until the signal is aborted, and all have been answered. */
  async run(options: {
    readonly ratePerSecond: number;
    readonly nextUser: () => string;
    readonly signal: AbortSignal;
  }): Promise<Queried> {
    const latencies: number[] = [];
    const errors: string[] = [];
    const pending = new Set<Promise<void>>();
    const ask = async (): Promise<void> => {
      const askedMs = performance.now();
      try {
        await this.#service.userStats({ id: options.nextUser() }, { timeoutMs: TIMEOUT_MS });
        latencies.push(performance.now() - askedMs);
      } catch (error) {
        errors.push(String(error));
      }
    };
    const startMs = performance.now();
    for (let asked = 0; !options.signal.aborted;) {
      const due = ((performance.now() - startMs) / 1_000) * options.ratePerSecond;
      for (; asked < due; asked++) {
        const answered = ask();
        pending.add(answered);
        void answered.then(() => pending.delete(answered));
      }
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    await Promise.all(pending);
    return { latencies, errors };
  }
}
