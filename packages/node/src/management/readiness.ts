import type { AbsentWorker, WorkerStatus } from '../worker-status.ts';

/** What /ready answers. */
export type Readiness = {
  /** All workers have started, their shards run or are taken over, and intake is not paused. */
  readonly ready: boolean;
  /** Sentences about what is not as it should be, also while the node is ready: a journal that is away, say. */
  readonly troubles: readonly string[];
};

/** `isStarted`: every worker has had its first assignment. */
export function readiness(
  workers: readonly (WorkerStatus | AbsentWorker)[],
  isStarted: boolean,
): Readiness {
  const troubles = workers.flatMap((worker) => {
    const sentences = worker.kind === 'absent' ? [worker.reason] : worker.troubles;
    return workers.length === 1 ? sentences : sentences.map((each) => `${worker.name}: ${each}`);
  });
  if (!isStarted) troubles.unshift('The node is starting.');
  const isProcessing = workers.every((worker) => worker.kind === 'status' && worker.isProcessing);
  return { ready: isStarted && isProcessing, troubles };
}
