import type { Cancel, Timers } from '@chat-cluster/kernel';
import type { Storage } from '../storage/storage.ts';
import type { Topics } from './topics.ts';

/**
 * Deletes what topics need not keep any longer, every `checkMs`.
 *
 * @returns what stops it
 */
export function startRetention({
  topics,
  storage,
  timers,
  checkMs,
  onError,
}: {
  topics: Topics;
  storage: Storage;
  timers: Timers;
  checkMs: number;
  onError: (error: Error) => void;
}): Cancel {
  let cancel: Cancel | null = null;
  let isStopped = false;
  const check = async (): Promise<void> => {
    for (const topic of topics.all()) {
      for (const partition of topic.partitions) await partition.applyRetention();
    }
    // The files of dropped segments are removed when a checkpoint no longer names them.
    storage.requestCheckpoint();
  };
  const checkLater = (): void => {
    if (isStopped) return;
    cancel = timers.after(checkMs, () => {
      void check().catch(onError).finally(checkLater);
    });
  };
  checkLater();
  return () => {
    isStopped = true;
    cancel?.();
  };
}
