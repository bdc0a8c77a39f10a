import { createServer, type Server, type Socket } from 'node:net';
import {
  apiVersionsV3,
  findCoordinatorV6,
  initProducerIdV5,
  metadataV12,
  Reader,
  Writer,
} from '@platformatic/kafka';

/** A request as it came, in the order of arrival over all connections. */
export type SeenRequest = {
  readonly apiKey: number;
  readonly body: Reader;
  /** Counts connections from 1: tells which requests share one. */
  readonly connection: number;
};

/** What becomes of a request: an answer's body, a lost one (the connection breaks), or none yet. */
export type Reaction = Writer | 'lose' | Promise<Writer | 'lose'>;

/**
 * A broker for tests that says what the test wants it to say, over a real socket. It answers by itself what only leads the
 * way: versions, metadata (it leads every partition of every topic), and coordinators (it coordinates everything).
 */
export class ScriptedBroker {
  readonly requests: SeenRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #reactions = new Map<number, (request: SeenRequest) => Reaction>();
  #connectionCount = 0;

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
    this.on(apiVersionsV3.api.key, () => versionsAnswer());
    this.on(metadataV12.api.key, ({ body }) => metadataAnswer(body, this.port));
    this.on(findCoordinatorV6.api.key, ({ body }) => coordinatorAnswer(body, this.port));
    this.on(initProducerIdV5.api.key, () => producerIdAnswer({ producerId: 7n, epoch: 0 }));
  }

  static async start(): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker();
    const listening = Promise.withResolvers<void>();
    broker.#server.listen(0, '127.0.0.1', listening.resolve);
    await listening.promise;
    return broker;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** From now on, requests of this API get this reaction. */
  on(apiKey: number, react: (request: SeenRequest) => Reaction): void {
    this.#reactions.set(apiKey, react);
  }

  /** The bodies of all requests of an API, each to be read from its start. */
  bodiesOf(apiKey: number): Reader[] {
    return this.requests
      .filter((request) => request.apiKey === apiKey)
      .map(({ body }) => {
        body.reset();
        return body;
      });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    await closed.promise;
  }

  #accept(socket: Socket): void {
    this.#connectionCount += 1;
    const connection = this.#connectionCount;
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    let received = Buffer.alloc(0);
    let answering = Promise.resolve(); // answers leave in the order of the requests
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const end = 4 + received.readInt32BE(0);
        const { request, correlationId } = readRequest(received.subarray(4, end), connection);
        received = received.subarray(end);
        this.requests.push(request);
        answering = answering.then(() => this.#answer(socket, request, correlationId));
      }
    });
  }

  async #answer(socket: Socket, request: SeenRequest, correlationId: number): Promise<void> {
    const react = this.#reactions.get(request.apiKey);
    if (!react) throw new Error(`No reaction to API ${request.apiKey} was given.`);
    const reaction = await react(request);
    if (reaction === 'lose') {
      socket.destroy();
      return;
    }
    const answer = Writer.create().appendInt32(correlationId);
    // The header of an ApiVersions answer never has tagged fields.
    if (request.apiKey !== apiVersionsV3.api.key) answer.appendTaggedFields();
    if (!socket.destroyed) socket.write(answer.appendFrom(reaction).prependLength().buffer);
  }
}

function readRequest(
  frame: Buffer,
  connection: number,
): { request: SeenRequest; correlationId: number } {
  const apiKey = frame.readInt16BE(0);
  const correlationId = frame.readInt32BE(4);
  const clientIdBytes = Math.max(0, frame.readInt16BE(8));
  const body = Reader.from(Buffer.from(frame.subarray(10 + clientIdBytes + 1))); // one byte: no tagged fields
  return { request: { apiKey, body, connection }, correlationId };
}

function versionsAnswer(): Writer {
  const keys = Array.from({ length: 70 }, (_, key) => key);
  return Writer.create()
    .appendInt16(0)
    .appendArray(keys, (writer, key) => {
      writer.appendInt16(key).appendInt16(0).appendInt16(99);
    })
    .appendInt32(0)
    .appendTaggedFields();
}

const PARTITION_COUNT = 12;
const NODE_ID = 1;

function metadataAnswer(request: Reader, port: number): Writer {
  const topics = request.readArray((topic) => {
    topic.skip(16); // the id: topics are asked for by name
    return topic.readString();
  });
  const partitions = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition);
  return Writer.create()
    .appendInt32(0)
    .appendArray([NODE_ID], (writer, nodeId) => {
      writer.appendInt32(nodeId).appendString('127.0.0.1').appendInt32(port).appendString(null);
    })
    .appendString('cluster')
    .appendInt32(NODE_ID)
    .appendArray(topics, (topicWriter, name) => {
      topicWriter
        .appendInt16(0)
        .appendString(name)
        .appendUUID(topicIdOf(name))
        .appendBoolean(false)
        .appendArray(partitions, (writer, partition) => {
          writer.appendInt16(0).appendInt32(partition).appendInt32(NODE_ID).appendInt32(0);
          for (let list = 0; list < 3; list += 1) writer.appendUnsignedVarInt(1); // replicas: empty arrays
        })
        .appendInt32(0);
    })
    .appendTaggedFields();
}

/** The id that this broker's metadata gives a topic: of its name's bytes. */
export function topicIdOf(name: string): string {
  const hex = Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

function coordinatorAnswer(request: Reader, port: number): Writer {
  request.readInt8();
  const keys = request.readArray((reader) => reader.readString(), true, false);
  return Writer.create()
    .appendInt32(0)
    .appendArray(keys, (writer, key) => {
      writer.appendString(key).appendInt32(NODE_ID).appendString('127.0.0.1').appendInt32(port);
      writer.appendInt16(0).appendString(null);
    })
    .appendTaggedFields();
}

export function producerIdAnswer(answer: {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly errorCode?: number;
}): Writer {
  return Writer.create()
    .appendInt32(0)
    .appendInt16(answer.errorCode ?? 0)
    .appendInt64(answer.producerId)
    .appendInt16(answer.epoch)
    .appendTaggedFields();
}

/** Of AddOffsetsToTxn, EndTxn, Heartbeat: nothing but an error code. */
export function errorCodeAnswer(errorCode: number): Writer {
  return Writer.create().appendInt32(0).appendInt16(errorCode).appendTaggedFields();
}
