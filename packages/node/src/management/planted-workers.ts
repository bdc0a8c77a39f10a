import type { ShardMap, ShardStatus } from '@chat-cluster/engine';
import { Histogram } from '@chat-cluster/engine';
import type { WorkerStatus } from '../worker-status.ts';

/** A group of two, of which this node is `a`: it owns shards 0 and 2 of four, `b` owns 1, nobody owns 3. */
export const plantedMap: ShardMap = {
  generationId: 7,
  members: [
    { name: 'a', endpoint: '127.0.0.1:2551', memberId: 'member-a' },
    { name: 'b', endpoint: '127.0.0.1:2552', memberId: 'member-b' },
  ],
  owners: [0, 1, 0, -1],
};

/** A shard in which nothing waits. */
export function plantedShard(shard: number, changed: Partial<ShardStatus> = {}): ShardStatus {
  return {
    shard,
    phase: 'running',
    reason: undefined,
    entityCount: 0,
    backlogCount: 0,
    lag: 0,
    silence: undefined,
    mayAnswer: true,
    ...changed,
  };
}

/** What a worker tells with which all is well. */
export function plantedWorker(changed: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    kind: 'status',
    name: 'a',
    endpoint: '127.0.0.1:2551',
    isProcessing: true,
    troubles: [],
    shards: [],
    map: plantedMap,
    counters: {
      recordsFetched: 12,
      recordsDecided: 10,
      recordsMisplaced: 0,
      recordsLeft: 2,
      eventsCommitted: 9,
      transactionsCommitted: 3,
      transactionsAborted: 0,
      deadLetters: 1,
      forwarded: 0,
      parked: 0,
      entitiesRecovered: 2,
      entitiesWarmed: 1,
      entitiesHandedOver: 1,
      entitiesPassivated: 0,
      journalDelay: new Histogram(),
      shardSilence: new Histogram(),
      labels: new Map(),
    },
    routing: {
      answeredLocally: 5,
      answeredByHop: 4,
      retried: 3,
      unavailable: 0,
      refused: 1,
      hopsServed: 2,
      hopsNotOwned: 0,
    },
    backlogBytes: 100,
    entityBytes: 200,
    memory: { rss: 1, heapTotal: 2, heapUsed: 3, external: 4, arrayBuffers: 5 },
    ...changed,
  };
}
