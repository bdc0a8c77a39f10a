import type { Journal } from '@chat-cluster/journal';
import type { Clock, Timers } from '@chat-cluster/kernel';
import type { ByteBudget } from '../backlog/byte-budget.ts';
import type { JournalWriter } from '../backlog/journal-writer.ts';
import type { SnapshotWriter } from '../backlog/snapshot-writer.ts';
import type { EngineLimits } from '../engine-limits.ts';
import type { EngineTopics } from '../engine-topics.ts';
import type { EntityDefinition } from '../entity/entity-definition.ts';
import type { RetiredStates } from '../hand-over/retired-states.ts';
import type { Counters } from '../management/counters.ts';
import type { Report } from '../management/report.ts';
import type { TailEvent } from '../output/event-record.ts';
import type { Limiter } from '../recovery/limiter.ts';

/** Where a record was: what a reply is addressed to. */
export type RecordPosition = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
};

/** What all shards of a worker share. */
export type ShardContext<State, Command, Event> = {
  readonly definition: EntityDefinition<State, Command, Event>;
  readonly topics: EngineTopics;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly report: Report;
  readonly counters: Counters;
  readonly journal: Journal;
  readonly journalWriter: JournalWriter;
  readonly snapshotWriter: SnapshotWriter;
  readonly retired: RetiredStates<State, Event>;
  readonly recoveries: Limiter;
  /** Of questions and watches: what records wait for does not wait for them. */
  readonly historyReads: Limiter;
  /** Decided and not committed. */
  readonly decidedBudget: ByteBudget;
  /** In tails: decided, or committed and not in the journal. */
  readonly backlogBudget: ByteBudget;
  readonly entityBudget: ByteBudget;
  /** Whether throughput counts more than how soon one record is done. */
  readonly isBehind: () => boolean;
  /** Something waited for is there: decide on. */
  readonly onWork: () => void;
  /** Entities are in memory that were not. */
  readonly onRecovered: (partition: number) => void;
  /** The next events of a shard have committed; none where there were none to commit. */
  readonly onCommitted: (partition: number, events: readonly TailEvent[]) => void;
  /** The shard cannot go on: stop it and say why. */
  readonly onFailed: (partition: number, error: Error) => void;
  /** The result of a record, after its transaction has committed. */
  readonly onReply: (position: RecordPosition, reply: unknown) => void;
};
