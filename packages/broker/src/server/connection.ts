import type { Socket } from 'node:net';
import { MalformedMessage } from '../wire/malformed-message.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { ConnectionOrigin, Dispatcher, ResponseFrame } from './dispatcher.ts';
import { FrameReader } from './frame-reader.ts';

/** Requests of one connection in work at a time; Kafka's own clients keep at most 5. */
const REQUESTS_IN_WORK_MAX = 128;
/** Answers waiting in one socket; beyond it nothing more is read from the connection. */
const UNSENT_BYTES_MAX = 8 * 1024 * 1024;

/** Of a client that has not authenticated; its messages are short, but for a token's. */
const UNAUTHENTICATED_FRAME_BYTES_MAX = 64 * 1024;

/** A request that has been read: its answer leaves when it is there and all before it have left. */
type Slot = { frame: ResponseFrame | undefined; readonly sizeBytes: number };

export type ConnectionOptions = {
  readonly socket: Socket;
  readonly dispatcher: Dispatcher;
  readonly origin: ConnectionOrigin;
  readonly budget: ByteBudget;
  readonly frameBytesMax: number;
  /** Told of exceptions in handlers: programmer errors. The connection is closed. */
  readonly onError: (error: Error) => void;
};

/**
 * Serves one client connection until it closes. Requests are handed to their handlers as they come; the answers leave in the same order.
 * When authenticating has failed, the connection is closed behind that answer.
 *
 * Reading pauses while too many requests are in work, too much of the answers has not been taken by the client, or all
 * connections together have too much in work. So a client that does not read its answers costs a bounded amount.
 */
export function serveConnection(options: ConnectionOptions): void {
  const { socket } = options;
  const connection = new Connection(options);
  socket.on('data', (chunk: Buffer) => connection.read(chunk));
  socket.on('drain', () => connection.resumeIfPossible());
  socket.on('error', () => socket.destroy()); // the client went away
  socket.on('close', () => connection.forgetRequests());
}

class Connection {
  readonly #socket: Socket;
  readonly #dispatcher: Dispatcher;
  readonly #origin: ConnectionOrigin;
  readonly #budget: ByteBudget;
  readonly #onError: (error: Error) => void;
  readonly #frames: FrameReader;
  /** Requests in the order they came, without those whose answer has left. */
  #slots: Slot[] = [];
  #isPaused = false;
  #isCorked = false;

  constructor(options: ConnectionOptions) {
    this.#socket = options.socket;
    this.#dispatcher = options.dispatcher;
    this.#origin = options.origin;
    this.#budget = options.budget;
    this.#onError = options.onError;
    const { authentication } = options.origin;
    const { frameBytesMax } = options;
    const unauthenticatedMax = Math.min(UNAUTHENTICATED_FRAME_BYTES_MAX, frameBytesMax);
    this.#frames = new FrameReader({
      frameBytesMax: () => (authentication.isAuthenticated ? frameBytesMax : unauthenticatedMax),
    });
  }

  read(chunk: Buffer): void {
    try {
      this.#frames.push(chunk, (frame) => this.#serve(frame));
    } catch (error) {
      this.#closeAfter(error);
    }
    if (this.#mustPause()) this.#pause();
  }

  #serve(frame: Buffer): void {
    if (this.#socket.destroyed) return;
    const slot: Slot = { frame: undefined, sizeBytes: frame.byteLength };
    this.#slots.push(slot);
    this.#budget.take(slot.sizeBytes);
    const answer = this.#dispatcher.serve(frame, this.#origin);
    if (answer instanceof Promise) {
      answer.then(
        (response) => this.#answer(slot, response),
        (error: unknown) => this.#closeAfter(error),
      );
    } else {
      this.#answer(slot, answer);
    }
  }

  #answer(slot: Slot, frame: ResponseFrame): void {
    slot.frame = frame;
    let sentCount = 0;
    for (const { frame: ready, sizeBytes } of this.#slots) {
      if (ready === undefined) break;
      if (ready !== null) this.#send(ready);
      this.#budget.giveBack(sizeBytes);
      sentCount++;
    }
    if (sentCount === 0) return;
    this.#slots.splice(0, sentCount);
    const isOver = this.#slots.length === 0 && this.#origin.authentication.phaseName === 'failed';
    if (isOver) this.#socket.destroySoon();
    else this.resumeIfPossible();
  }

  #send(chunks: readonly Uint8Array[]): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (!this.#isCorked) {
      // All that is answered in this turn of the event loop leaves in one system call.
      this.#isCorked = true;
      socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        socket.uncork();
      });
    }
    for (const chunk of chunks) socket.write(chunk);
  }

  #mustPause(): boolean {
    return (
      this.#slots.length >= REQUESTS_IN_WORK_MAX ||
      this.#socket.writableLength >= UNSENT_BYTES_MAX ||
      this.#budget.isExhausted
    );
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
    if (this.#budget.isExhausted) this.#budget.whenAvailable(() => this.resumeIfPossible());
  }

  resumeIfPossible(): void {
    if (!this.#isPaused) return;
    if (this.#budget.isExhausted) {
      this.#budget.whenAvailable(() => this.resumeIfPossible());
    } else if (!this.#mustPause()) {
      this.#isPaused = false;
      this.#socket.resume();
    }
  }

  #closeAfter(error: unknown): void {
    if (!(error instanceof MalformedMessage)) {
      this.#onError(error instanceof Error ? error : new Error(String(error)));
    }
    this.#socket.destroy();
  }

  forgetRequests(): void {
    this.#origin.authentication.close();
    for (const slot of this.#slots) this.#budget.giveBack(slot.sizeBytes);
    this.#slots = [];
  }
}
