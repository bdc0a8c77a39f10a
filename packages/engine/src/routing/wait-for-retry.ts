import type { RoutingContext } from './routing-context.ts';

/**
 * Waits before try number `tries` + 1: a random time between half of the backoff and all of it, or until a younger map comes. Rejects with the signal's reason.
 */
export async function waitForRetry(
  { maps, timers, random, limits }: RoutingContext,
  { entityType, tries }: { readonly entityType: string; readonly tries: number },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const fullMs = Math.min(limits.backoffMs * 2 ** Math.min(tries - 1, 20), limits.backoffMsMax);
  const delayMs = (fullMs / 2) * (1 + random.next());
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      cancel();
      offYounger();
      signal.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => {
      stop();
      reject(signal.reason as Error);
    };
    const onDone = (): void => {
      stop();
      resolve();
    };
    const cancel = timers.after(delayMs, onDone);
    const offYounger = maps.onYounger(entityType, onDone);
    signal.addEventListener('abort', onAbort);
  });
}
