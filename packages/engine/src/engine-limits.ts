import { EVENT_BYTES_MAX } from '@chat-cluster/journal';
import { assert } from '@chat-cluster/kernel';

/** Every bound of a worker, in one place; bytes and counts are per worker unless the name says otherwise. */
export type EngineLimits = {
  /** Decided and not yet committed; when reached, nothing more is decided. Twice the largest transaction, so that one fills while one is in flight. */
  readonly decidedBytesMax: number;
  /** One transaction: a request a leader must stay far below `socket.request.max.bytes` (100 MiB) and be cheap to send again. */
  readonly transactionBytesMax: number;
  /**
   * What one transaction writes to one partition: a record batch must fit in `max.message.bytes` (1,048,588 by default). From `PARTITION_BATCH_BYTES_MIN`, for what the engine itself
   * has to write, to what the journal takes as one event.
   */
  readonly partitionBatchBytesMax: number;
  /** Fetched and not yet decided; shared evenly by the input partitions. */
  readonly intakeBytesMax: number;
  /** One Fetch answer, and one partition's share of it. */
  readonly fetchBytesMax: number;
  readonly fetchPartitionBytesMax: number;
  /** Committed and not yet in the journal; when reached, intake pauses. */
  readonly backlogBytesMax: number;
  /** States of active entities; beyond it the least recently used are passivated. */
  readonly entityBytesMax: number;
  /** An entity without a record for this long is passivated. */
  readonly entityIdleMs: number;
  /** A snapshot is written every so many events of an entity: recovery reads at most about this many rows. */
  readonly snapshotEveryEvents: number;
  /**
   * … or every so many, unless the worker is behind. A conversation's snapshot has the bytes of 50 of its rows (100 messages in 12 KB, 250 bytes a row), and costs 30 µs to make: at ease
   * that is cheaper than what whoever takes its shard over would read instead.
   */
  readonly snapshotEveryEventsAtEase: number;
  /** At passivation a snapshot is written when at least this many events lie after the last one. */
  readonly snapshotAtPassivationEvents: number;
  /** Snapshots that wait to be written; beyond it the oldest are dropped: the next ones of their entities will do. */
  readonly snapshotBytesMax: number;
  /** Entities that one bulk read recovers. */
  readonly recoveryBatchCount: number;
  /** Bulk reads under way. */
  readonly recoveryConcurrency: number;
  /** When a shard comes, entities of so many of its newest events are read ahead, of no more than so many bytes of them. */
  readonly warmUpEventsMax: number;
  readonly warmUpBytesMax: number;
  /** Reads ahead under way, of all shards that came. */
  readonly warmUpConcurrency: number;
  /** A journal that takes longer for a bulk read gets no more reads ahead for a while. */
  readonly warmUpReadSlowMs: number;
  /**
   * The worker is behind when its inputs hold so many records that are not decided. Messages wait then anyway, so what is
   * gathered below costs no delay that anybody sees, and saves much of what a transaction and a row cost.
   */
  readonly behindRecords: number;
  /**
   * After a transaction was begun, decisions gather for this long before the next one, unless they fill it; what comes after a
   * quiet time never waits. Worth some milliseconds where a transaction costs as many, as with a Kafka of its own.
   */
  readonly transactionGatherMs: number;
  /** The same while behind. */
  readonly transactionGatherBehindMs: number;
  /** Rows of one journal write: the more of them, the more rows of an entity meet in it, and the less each costs. */
  readonly journalBatchRows: number;
  readonly journalBatchBytes: number;
  /** After a journal write was begun, events gather for this long before the next one, unless there are as many as it takes. */
  readonly journalGatherMs: number;
  /** The same while behind; also no longer than until half of the backlog's bound is in use. */
  readonly journalGatherBehindMs: number;
  /** Journal writes under way. */
  readonly journalConcurrency: number;
  /** A shard's journal position is written at most this often. */
  readonly journalPositionIntervalMs: number;
  /** Parked records of those quarantined entities of a shard that are in memory (whoever gets one more is); when reached, its other inputs pause. */
  readonly parkedRecordsMaxPerShard: number;
  readonly parkedBytesMaxPerShard: number;
  /** Parked records that one retry command goes through before it hands on to another one, so that its outcome fits in a transaction. */
  readonly retryRecordsMax: number;
  /** Records decided in one go before other work gets the thread. */
  readonly decideSliceRecords: number;
  /** How long giving up a shard may wait for its last transaction before it is dropped. */
  readonly drainTimeoutMs: number;
  /** Of a shard that was given up in order, states in memory are kept for its next owner: of all such shards so many bytes, as they were counted while active, for so long. */
  readonly retiredBytesMax: number;
  readonly retiredMs: number;
  /** How long a worker that stops waits for them to be fetched, from when it left the group. */
  readonly retiredAtStopMs: number;
  /** An answer is given only while the last acknowledged heartbeat was sent less than this ago. */
  readonly leaseMs: number;
  /** Questions under way; beyond it they are refused. Each waits a second at most in a hand-over after a crash, so this is what a worker may be asked in a second, with room. */
  readonly questionsMax: number;
  /**
   * Reads of past events under way, for questions that ask for history and for watches that catch up. A question keeps its place until it is answered: what they hold is at most so many times
   * `questionHistoryBytesMax` (128 MiB), and what one read passes that by. A watch keeps it for one read, which aims at `watchBytesMax`; see recovery/rows-per-read.ts for when it misses.
   */
  readonly historyReadConcurrency: number;
  /** Rows of the journal, as encoded, that one question may ask for; when it asks for more it is refused. */
  readonly questionHistoryBytesMax: number;
  /**
   * Watches that are open; beyond it they are refused. With what may wait for each: 128 MiB, and of each the event that passes that bound, a few KiB as a rule and 1 MB at most. Watchers of one
   * entity that keep up share what waits for them; what they catch up with they hold each by itself.
   */
  readonly watchesMax: number;
  /** Committed events that wait for one watcher, or that it has been given to catch up with; beyond it they are read again, from the backlog or the journal. */
  readonly watchBytesMax: number;
  /** A watch for which more has waited ends when its watcher takes nothing for this long. */
  readonly watchStallMs: number;
};

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * What the engine itself writes fits in this: a dead letter without its value takes up to 5 KiB and three eighths of it, an entry of the quarantine list with 20 records, 200 characters
 * each that JSON writes as 6 bytes, up to 40 KiB.
 */
export const PARTITION_BATCH_BYTES_MIN = 64 * KIB;

export const defaultEngineLimits: EngineLimits = {
  decidedBytesMax: 4 * MIB,
  transactionBytesMax: 2 * MIB,
  partitionBatchBytesMax: 1_000_000,
  intakeBytesMax: 4 * MIB,
  fetchBytesMax: MIB,
  fetchPartitionBytesMax: 128 * KIB,
  backlogBytesMax: 64 * MIB,
  entityBytesMax: 96 * MIB,
  entityIdleMs: 120_000,
  snapshotEveryEvents: 200,
  snapshotEveryEventsAtEase: 50,
  snapshotAtPassivationEvents: 50,
  snapshotBytesMax: 16 * MIB,
  recoveryBatchCount: 50,
  recoveryConcurrency: 8,
  warmUpEventsMax: 1_000,
  warmUpBytesMax: MIB,
  warmUpConcurrency: 2,
  warmUpReadSlowMs: 250,
  behindRecords: 1_000,
  transactionGatherMs: 1,
  transactionGatherBehindMs: 100,
  journalBatchRows: 8_000,
  journalBatchBytes: 4 * MIB,
  journalGatherMs: 100,
  journalGatherBehindMs: 500,
  journalConcurrency: 2,
  journalPositionIntervalMs: 200,
  parkedRecordsMaxPerShard: 1_000,
  parkedBytesMaxPerShard: 8 * MIB,
  retryRecordsMax: 50,
  decideSliceRecords: 200,
  drainTimeoutMs: 2_000,
  retiredBytesMax: 32 * MIB,
  retiredMs: 5_000,
  retiredAtStopMs: 2_000,
  leaseMs: 1_000,
  questionsMax: 4_000,
  historyReadConcurrency: 4,
  questionHistoryBytesMax: 32 * MIB,
  watchesMax: 1_000,
  watchBytesMax: 128 * KIB,
  watchStallMs: 10_000,
};

/** The defaults with these changes. Limits that cannot be kept are a programmer's error. */
export function engineLimits(changes: Partial<EngineLimits> = {}): EngineLimits {
  const limits = { ...defaultEngineLimits, ...changes };
  assert(
    Object.values(limits).every((limit) => Number.isFinite(limit) && limit > 0),
    'Every limit is a number above 0.',
  );
  assert(
    limits.partitionBatchBytesMax >= PARTITION_BATCH_BYTES_MIN &&
      limits.partitionBatchBytesMax <= EVENT_BYTES_MAX,
    'partitionBatchBytesMax lies between PARTITION_BATCH_BYTES_MIN and EVENT_BYTES_MAX.',
  );
  return limits;
}
