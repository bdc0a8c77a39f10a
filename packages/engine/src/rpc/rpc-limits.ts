const KIB = 1024;
const MIB = 1024 * KIB;

/** What one port takes from its callers, so that none of them can use up the process. */
export type RpcLimits = {
  /** Of one message, after decoding its envelope; larger ones are RESOURCE_EXHAUSTED. */
  readonly messageBytesMax: number;
  /** Open sockets; more are closed as they come. */
  readonly connectionCountMax: number;
  /** Calls at a time on one HTTP/2 connection. */
  readonly streamCountMax: number;
  /** All headers of one request. */
  readonly headerBytesMax: number;
  /** From the connection, or the end of the request before, to the end of the headers. */
  readonly headersTimeoutMs: number;
  /** From the headers to the end of the request's body. */
  readonly requestTimeoutMs: number;
  /** A connection on which nothing moves for so long is closed if no call is open on it, otherwise asked whether its peer still lives. */
  readonly idleTimeoutMs: number;
  /** Until a silent peer has answered that question. */
  readonly pingTimeoutMs: number;
  /** How long calls that are open may take to end when the port is closed. */
  readonly closeTimeoutMs: number;
};

export const defaultRpcLimits: RpcLimits = {
  messageBytesMax: 4 * MIB,
  connectionCountMax: 1_024,
  streamCountMax: 4_096,
  headerBytesMax: 16 * KIB,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 120_000,
  pingTimeoutMs: 10_000,
  closeTimeoutMs: 5_000,
};
