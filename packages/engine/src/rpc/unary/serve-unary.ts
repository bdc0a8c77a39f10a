import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { assert, type Cancel, type Timers } from '@chat-cluster/kernel';
import type { Report } from '../../management/report.ts';
import type { RpcLimits } from '../rpc-limits.ts';
import type { UnaryMethod } from './unary-method.ts';
import type { UnaryProtocol } from './unary-protocol.ts';

export type ServeUnaryOptions = {
  readonly limits: Pick<RpcLimits, 'messageBytesMax' | 'requestTimeoutMs'>;
  readonly timers: Timers;
  readonly report: Report;
  /** Ends what is open with its reason. */
  readonly closing: AbortSignal;
  /** Throws a ConnectError before any byte of the body is read. */
  readonly requireAccess: () => void;
};

/**
 * Serves one call over HTTP/2, from its headers to its answer. The library's way through the same call takes three times the
 * CPU, which counts where an answer itself takes a few microseconds.
 */
export function serveUnary(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  served: { readonly method: UnaryMethod; readonly protocol: UnaryProtocol },
  options: ServeUnaryOptions,
): void {
  void new UnaryCall(stream, served, options).serve(headers);
}

class UnaryCall {
  readonly #stream: ServerHttp2Stream;
  readonly #method: UnaryMethod;
  readonly #protocol: UnaryProtocol;
  readonly #options: ServeUnaryOptions;
  readonly #ending = new AbortController();
  #cancelTimeout: Cancel | undefined;

  constructor(
    stream: ServerHttp2Stream,
    served: { readonly method: UnaryMethod; readonly protocol: UnaryProtocol },
    options: ServeUnaryOptions,
  ) {
    this.#stream = stream;
    this.#method = served.method;
    this.#protocol = served.protocol;
    this.#options = options;
  }

  async serve(headers: IncomingHttpHeaders): Promise<void> {
    const { closing } = this.#options;
    const onClosing = (): void => this.#ending.abort(closing.reason);
    const onClose = (): void => this.#ending.abort(gone());
    closing.addEventListener('abort', onClosing);
    this.#stream.on('close', onClose);
    // Whoever waits hears of it by the stream's closing.
    this.#stream.on('error', () => undefined);
    let answer: Uint8Array | undefined;
    let failure: unknown;
    try {
      closing.throwIfAborted();
      answer = await this.#answer(headers);
    } catch (error) {
      failure = error;
    }
    this.#cancelTimeout?.();
    closing.removeEventListener('abort', onClosing);
    this.#stream.off('close', onClose);
    if (this.#stream.destroyed || this.#stream.closed) return;
    if (answer !== undefined) this.#protocol.answer(this.#stream, answer);
    else this.#refuse(failure);
  }

  async #answer(headers: IncomingHttpHeaders): Promise<Uint8Array> {
    this.#options.requireAccess();
    const timeoutMs = this.#protocol.timeoutMs(headers);
    if (timeoutMs !== undefined) {
      this.#cancelTimeout = this.#options.timers.after(timeoutMs, () =>
        this.#ending.abort(tooLate(timeoutMs)),
      );
    }
    const body = await this.#body();
    const caller = { signal: this.#ending.signal, timeoutMs };
    return this.#method.answer(this.#protocol.message(body), caller);
  }

  /** Ended by its last byte, by the caller's going, or by taking too long or too much. */
  #body(): Promise<Buffer> {
    const { limits, timers } = this.#options;
    const bytesMax = limits.messageBytesMax + this.#protocol.envelopeBytes;
    const stream = this.#stream;
    const chunks: Buffer[] = [];
    let bytes = 0;
    return new Promise((resolve, reject) => {
      const cancel = timers.after(limits.requestTimeoutMs, () =>
        stream.close(constants.NGHTTP2_CANCEL),
      );
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= bytesMax) chunks.push(chunk);
        else reject(tooLarge(limits.messageBytesMax));
      });
      const onClose = (): void => {
        cancel();
        reject(gone());
      };
      stream.once('close', onClose);
      stream.once('end', () => {
        cancel();
        stream.off('close', onClose);
        resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      });
    });
  }

  #refuse(failure: unknown): void {
    const isKnown = failure instanceof ConnectError;
    if (!isKnown) {
      const { path } = this.#method;
      assert(failure !== undefined, 'A call without an answer has failed.');
      this.#options.report('error', 'A call failed in a way that its service does not know.', {
        method: path.slice(1),
        error: failure,
      });
    }
    this.#protocol.refuse(
      this.#stream,
      isKnown ? failure : new ConnectError('internal error', Code.Internal),
    );
    // What is still to come of the request is of no use.
    this.#stream.resume();
  }
}

function gone(): ConnectError {
  return new ConnectError('The caller has gone.', Code.Canceled);
}

function tooLate(timeoutMs: number): ConnectError {
  return new ConnectError(`There was no answer in ${timeoutMs} ms.`, Code.DeadlineExceeded);
}

function tooLarge(bytesMax: number): ConnectError {
  return new ConnectError(`A message has at most ${bytesMax} bytes here.`, Code.ResourceExhausted);
}
