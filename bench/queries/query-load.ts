import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { UserService, UserStatsRequestSchema } from '@chat-cluster/contract/purchases';

const TICK_MS = 5;
const TIMEOUT_MS = 5_000;
const PATH = `/${UserService.typeName}/${UserService.method.userStats.name}`;
/** gRPC: a flag, and the length of the message. */
const PREFIX_BYTES = 5;

/** Milliseconds of the answered ones, and what the others said. */
export type Queried = { readonly latencies: readonly number[]; readonly errors: readonly string[] };

/**
 * Asks one front end by gRPC at a steady rate for users that `nextUser` names, open loop: a slow answer does not hold the next
 * question back. Written on HTTP/2 itself: a client of the library takes more of the two cores than all that it asks.
 */
export class QueryLoad {
  readonly #session: ClientHttp2Session;

  constructor(frontEndPort: number) {
    this.#session = connect(`http://127.0.0.1:${frontEndPort}`);
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
      const error = await this.#ask(options.nextUser());
      if (error === undefined) latencies.push(performance.now() - askedMs);
      else errors.push(error);
    };
    const startMs = performance.now();
    for (let asked = 0; !options.signal.aborted;) {
      const due = ((performance.now() - startMs) / 1_000) * options.ratePerSecond;
      for (; asked < due; asked++) {
        const answered = ask();
        pending.add(answered);
        void answered.then(() => pending.delete(answered));
      }
      await delay(TICK_MS);
    }
    await Promise.all(pending);
    return { latencies, errors };
  }

  close(): void {
    this.#session.close();
  }

  /** Resolves when the answer is complete; with a sentence when there is none. */
  #ask(id: string): Promise<string | undefined> {
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      'grpc-timeout': `${TIMEOUT_MS}m`,
    });
    let status: IncomingHttpHeaders = {};
    let bytes = 0;
    stream.on('response', (headers) => (status = headers));
    stream.on('trailers', (trailers: IncomingHttpHeaders) => (status = trailers));
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    stream.setTimeout(TIMEOUT_MS, () => stream.destroy(new Error('No answer in time.')));
    stream.end(requestOf(id));
    return new Promise((resolve) => {
      let failure: Error | undefined;
      stream.on('error', (error: Error) => (failure = error));
      stream.on('close', () => {
        const isAnswered = status['grpc-status'] === '0' && bytes > PREFIX_BYTES;
        const said = `${String(status['grpc-status'])} ${String(status['grpc-message'])}`;
        resolve(isAnswered ? undefined : (failure?.message ?? said));
      });
    });
  }
}

function requestOf(id: string): Buffer {
  const message = toBinary(UserStatsRequestSchema, create(UserStatsRequestSchema, { id }));
  const body = Buffer.alloc(PREFIX_BYTES + message.length);
  body.writeUInt32BE(message.length, 1);
  body.set(message, PREFIX_BYTES);
  return body;
}
