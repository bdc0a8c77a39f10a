import type { EngineLimits } from '../engine-limits.ts';

/** Bounds of a simulated worker, from hardly any room to plenty. */
export function drawLimits(pick: (choices: readonly number[]) => number): Partial<EngineLimits> {
  return {
    decidedBytesMax: pick([3_000, 20_000, 1_000_000]),
    transactionBytesMax: pick([2_000, 10_000, 1_000_000]),
    partitionBatchBytesMax: pick([65_536, 65_536, 900_000]),
    backlogBytesMax: pick([3_000, 40_000, 1_000_000]),
    entityBytesMax: pick([1_000, 3_000, 1_000_000]),
    entityIdleMs: pick([500, 3_000, 120_000]),
    snapshotEveryEvents: pick([2, 7, 200]),
    snapshotEveryEventsAtEase: pick([2, 50]),
    snapshotAtPassivationEvents: pick([1, 5, 50]),
    recoveryBatchCount: pick([1, 3, 50]),
    recoveryConcurrency: pick([1, 2, 8]),
    behindRecords: pick([2, 10, 1_000]),
    transactionGatherMs: pick([1, 20]),
    transactionGatherBehindMs: pick([10, 100]),
    journalGatherBehindMs: pick([100, 1_000]),
    journalBatchRows: pick([1, 5, 500]),
    journalBatchBytes: pick([100, 10_000]),
    journalConcurrency: pick([1, 3]),
    journalPositionIntervalMs: pick([10, 200, 2_000]),
    parkedRecordsMaxPerShard: pick([3, 20, 1_000]),
    retryRecordsMax: pick([1, 3, 50]),
    decideSliceRecords: pick([1, 7, 200]),
    drainTimeoutMs: pick([20, 300, 2_000]),
    retiredBytesMax: pick([1_000, 1_000_000]),
    retiredMs: pick([300, 5_000]),
    retiredAtStopMs: pick([50, 2_000]),
  };
}
