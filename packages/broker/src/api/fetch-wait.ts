import type { Clock, Timers } from '@chat-cluster/kernel';
import type { PartitionFetch } from '../partitions/partition-fetch.ts';

/** A fetch is answered after this even if it asks for longer: its client may have gone away meanwhile. */
const WAIT_MS_MAX = 60_000;

export type FetchLimits = {
  readonly maxWaitMs: number;
  readonly minBytes: number;
  /** Of the whole answer; its first batch may be larger. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly timers: Timers;
};

/**
 * Reads all partitions of a fetch, again and again while they grow, until there is enough for an answer or the time is
 * over. Afterwards each `PartitionFetch` holds what it answers.
 */
export async function waitForAnswer(
  fetches: readonly PartitionFetch[],
  limits: FetchLimits,
): Promise<void> {
  const { clock, timers, maxWaitMs } = limits;
  const deadlineMs = clock.monotonicMs() + Math.min(maxWaitMs, WAIT_MS_MAX);
  // Watching begins before the first look, so that nothing can happen unseen between a look and the wait for more.
  let changed = Promise.withResolvers<void>();
  let isChanged = false;
  const wake = (): void => {
    isChanged = true;
    changed.resolve();
  };
  const cancels = fetches.map((fetch) => fetch.onAdvance(wake));
  try {
    for (;;) {
      const isEnough = await readAll(fetches, limits);
      const remainingMs = deadlineMs - clock.monotonicMs();
      if (isEnough || remainingMs <= 0) return;
      if (!isChanged) {
        const cancel = timers.after(remainingMs, () => changed.resolve());
        await changed.promise;
        cancel();
      }
      isChanged = false;
      changed = Promise.withResolvers<void>();
    }
  } finally {
    for (const cancel of cancels) cancel();
  }
}

async function readAll(
  fetches: readonly PartitionFetch[],
  { maxBytes, minBytes }: FetchLimits,
): Promise<boolean> {
  let remainingBytes = maxBytes;
  let readBytes = 0;
  let mustAnswer = fetches.length === 0;
  for (const fetch of fetches) {
    const reading = fetch.read({ remainingBytes, isFirst: readBytes === 0 });
    if (reading instanceof Promise) await reading;
    readBytes += fetch.sizeBytes;
    remainingBytes -= fetch.sizeBytes;
    mustAnswer ||= fetch.mustAnswer;
  }
  return mustAnswer || readBytes >= minBytes;
}
