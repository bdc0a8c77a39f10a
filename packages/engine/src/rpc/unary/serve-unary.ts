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
  new UnaryCall(stream, served, options).serve(headers).catch((error: unknown) => {
    options.report('error', 'A call could not be answered.', {
      method: served.method.path.slice(1),
      error,
    });
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  });
}

/** Who names a longer time waits as long as he likes; a timer takes no more than 24 days. */
const DEADLINE_MS_MAX = 24 * 60 * 60 * 1_000;
/** A sentence travels in a header, and a session that is sent too large a header ends, with all its other calls. */
const SENTENCE_LENGTH_MAX = 1_000;

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
    this.#limitBody();
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
      const deadlineMs = Math.min(timeoutMs, DEADLINE_MS_MAX);
      this.#cancelTimeout = this.#options.timers.after(deadlineMs, () =>
        this.#ending.abort(tooLate(timeoutMs)),
      );
    }
    const body = await this.#body();
    const caller = { signal: this.#ending.signal, timeoutMs };
    return this.#method.answer(this.#protocol.message(body), caller);
  }

  /** From the first moment, also where the call is refused before its body is read: a body that does not come would hold the connection. */
  #limitBody(): void {
    const { limits, timers } = this.#options;
    const cancel = timers.after(limits.requestTimeoutMs, () =>
      this.#stream.close(constants.NGHTTP2_CANCEL),
    );
    this.#stream.once('end', cancel);
    this.#stream.once('close', cancel);
  }

  /** Ended by its last byte, by what ends the call, or by being too much. */
  #body(): Promise<Buffer> {
    const { messageBytesMax } = this.#options.limits;
    const bytesMax = messageBytesMax + this.#protocol.envelopeBytes;
    const chunks: Buffer[] = [];
    let bytes = 0;
    return new Promise((resolve, reject) => {
      const { signal } = this.#ending;
      const onEnding = (): void => reject(signal.reason);
      signal.addEventListener('abort', onEnding);
      this.#stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= bytesMax) chunks.push(chunk);
        else reject(tooLarge(messageBytesMax));
      });
      this.#stream.once('end', () => {
        signal.removeEventListener('abort', onEnding);
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
      isKnown ? tellable(failure) : new ConnectError('internal error', Code.Internal),
    );
    // What is still to come of the request is of no use.
    this.#stream.resume();
  }
}

/** The same with a sentence that a header can carry. */
function tellable(error: ConnectError): ConnectError {
  const { code, metadata, rawMessage } = error;
  if (rawMessage.length <= SENTENCE_LENGTH_MAX && rawMessage.isWellFormed()) return error;
  const sentence = rawMessage.slice(0, SENTENCE_LENGTH_MAX).toWellFormed();
  return new ConnectError(sentence, code, metadata);
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
