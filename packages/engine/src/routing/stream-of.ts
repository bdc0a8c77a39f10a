import { deferred, type Deferred } from '@chat-cluster/kernel';
import { untilAborted } from './deadline.ts';

/**
 * Turns what calls back with one item after the other into a generator of them. The source is held until the item was taken and the next one is asked for. Its result is the generator's;
 * its error is thrown. Ending the generator aborts the source's signal, as the outer signal does.
 */
export async function* streamOf<T, Result>(
  source: (onItem: (item: T) => Promise<void>, signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): AsyncGenerator<T, Result> {
  const ending = new AbortController();
  const end = (): void => ending.abort(signal.reason);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  let offered: { readonly item: T; readonly taken: Deferred<void> } | undefined;
  let wake = deferred<void>();
  const onItem = async (item: T): Promise<void> => {
    ending.signal.throwIfAborted();
    const taken = deferred<void>();
    offered = { item, taken };
    wake.resolve();
    // The generator may be ended while it gives the item on: nobody would say then that it was taken.
    await untilAborted(taken.promise, ending.signal);
  };
  let outcome: { readonly result: Result } | { readonly error: unknown } | undefined;
  source(onItem, ending.signal).then(
    (result) => {
      outcome = { result };
      wake.resolve();
    },
    (error: unknown) => {
      outcome = { error };
      wake.resolve();
    },
  );
  try {
    for (;;) {
      const { item, taken } = offered ?? {};
      if (taken !== undefined) {
        offered = undefined;
        yield item as T;
        taken.resolve();
      } else if (outcome === undefined) {
        await wake.promise;
        wake = deferred();
      } else {
        if ('error' in outcome) throw outcome.error;
        return outcome.result;
      }
    }
  } finally {
    signal.removeEventListener('abort', end);
    ending.abort();
  }
}
