/** A method without streams that is answered from bytes to bytes, for those that are called so often that the library's way is felt; `serveUnary` serves it. */
export type UnaryMethod = {
  /** `/SERVICE/METHOD` */
  readonly path: string;
  /** Resolves with the encoded answer. Rejects with a ConnectError for the caller; anything else is told to the log, and to the caller only that it happened. */
  answer(message: Uint8Array, caller: UnaryCaller): Promise<Uint8Array>;
};

export type UnaryCaller = {
  /** Aborted, with a ConnectError, when nobody waits any more, when the caller's time is up, or when the port closes. */
  readonly signal: AbortSignal;
  /** How long the caller waits; undefined if it did not say. */
  readonly timeoutMs: number | undefined;
};
