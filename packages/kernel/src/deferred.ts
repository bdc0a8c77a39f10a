/** A promise with the two functions that settle it. Only the first call of either counts. */
export type Deferred<T> = {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason: unknown) => void;
};

/** A promise that is settled from outside. */
export function deferred<T>(): Deferred<T> {
  return Promise.withResolvers<T>();
}
