import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { isFlexible, type ApiDeclaration } from '../wire/api-declaration.ts';
import type { DecodedFields, EncodedFields, Fields } from '../wire/struct.ts';
import { WireReader } from '../wire/wire-reader.ts';
import { WireWriter } from '../wire/wire-writer.ts';
import { FrameReader } from './frame-reader.ts';

const FRAME_BYTES_MAX = 256 * 1024 * 1024;
const API_VERSIONS_KEY = 18;

/**
 * A client of one connection that sends exactly what it is told, for tests and benchmarks of the broker. It shares the
 * broker's codec, so it proves nothing about the wire format: that is for the clients of others.
 */
export class WireClient {
  readonly #socket: Socket;
  readonly #waiting: {
    readonly correlationId: number;
    readonly resolve: (frame: Buffer) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  #correlationId = 0;
  #onStrayFrame: ((frame: Buffer) => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const frames = new FrameReader({ frameBytesMax: () => FRAME_BYTES_MAX });
    socket.on('data', (chunk: Buffer) => frames.push(chunk, (frame) => this.#receive(frame)));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('connection closed'));
    });
  }

  /** @param tls of a listener with TLS: what to trust and what to show */
  static connect(port: number, tls?: ConnectionOptions): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const address = { host: '127.0.0.1', port, noDelay: true };
      const socket = tls === undefined ? connect(address) : connectTls({ ...address, ...tls });
      socket.once('error', reject);
      const event = tls === undefined ? 'connect' : 'secureConnect';
      socket.once(event, () => resolve(new WireClient(socket)));
    });
  }

  /** The next frame that comes, whatever it is; for one that answers no request. */
  nextFrame(): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#onStrayFrame = resolve;
    });
  }

  /** Resolved when the broker has closed the connection. */
  get closed(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      if (socket.destroyed) resolve();
      else socket.once('close', () => resolve());
    });
  }

  /** Sends a request and waits for its answer; may be called again before that. Rejects when the connection closes. */
  async call<Request extends Fields, Response extends Fields>(
    api: ApiDeclaration<Request, Response>,
    version: number,
    request: EncodedFields<Request>,
  ): Promise<DecodedFields<Response>> {
    const correlationId = this.send(api, version, request);
    const frame = await new Promise<Buffer>((resolve, reject) => {
      this.#waiting.push({ correlationId, resolve, reject });
    });
    const reader = new WireReader(frame, 4);
    const flexible = isFlexible(api, version);
    if (flexible && api.key !== API_VERSIONS_KEY) reader.uvarint();
    return api.response.decode(reader, version, flexible);
  }

  /** Sends a request that gets no answer. */
  send<Request extends Fields, Response extends Fields>(
    api: ApiDeclaration<Request, Response>,
    version: number,
    request: EncodedFields<Request>,
  ): number {
    const correlationId = this.#correlationId++;
    const flexible = isFlexible(api, version);
    const writer = new WireWriter();
    writer.int16(api.key);
    writer.int16(version);
    writer.int32(correlationId);
    writer.int16(4);
    writer.utf8('test', 4);
    if (flexible) writer.uvarint(0);
    api.request.encode(writer, request, version, flexible);
    const size = Buffer.alloc(4);
    size.writeInt32BE(writer.sizeBytes);
    this.#socket.write(Buffer.concat([size, ...writer.finish()]));
    return correlationId;
  }

  /** Sends bytes as they are, for what no client would send. */
  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(frame: Buffer): void {
    if (this.#onStrayFrame !== null) {
      this.#onStrayFrame(frame);
      this.#onStrayFrame = null;
      return;
    }
    const correlationId = frame.readInt32BE(0);
    const next = this.#waiting.shift();
    if (next?.correlationId === correlationId) next.resolve(frame);
    else next?.reject(new Error(`answer ${correlationId} came out of order`));
  }
}
