import type { ShardMap } from '@chat-cluster/engine';
import type { AbsentWorker, WorkerStatus } from '../worker-status.ts';

/** What this node knows of who owns which shard: the map of the youngest generation that one of its workers has. */
export function youngestMap(
  workers: readonly (WorkerStatus | AbsentWorker)[],
): ShardMap | undefined {
  let youngest: ShardMap | undefined;
  for (const worker of workers) {
    if (worker.kind === 'absent' || worker.map === undefined) continue;
    if (youngest === undefined || worker.map.generationId > youngest.generationId) {
      youngest = worker.map;
    }
  }
  return youngest;
}
