import type { Fetcher, FetcherListener, FetcherOptions } from './fetcher.ts';
import type { GroupMember, GroupMemberOptions } from './group-member.ts';
import type { LogAdmin } from './log-admin.ts';
import type { OutgoingRecord, TopicIdPartition, TopicPartition, FetchedRecord } from './record.ts';
import type {
  TransactionalProducer,
  TransactionalProducerOptions,
} from './transactional-producer.ts';

export type RangeReadOptions = TopicIdPartition & {
  readonly offsetFrom: number;
  /** Reading ends when the position has reached this offset, however few records there were. */
  readonly offsetUntil: number;
  readonly visit: (record: FetchedRecord) => void;
};

/** Writes records outside transactions, idempotently. */
export interface Producer {
  /**
   * Appends records (at most 1 MiB a call) to a partition in order; resolves with the offset of the first when they are durable. Calls for one partition keep their order.
   * `timestampMs` is for those that mirror or test; default now.
   */
  send(
    to: TopicPartition,
    records: readonly (OutgoingRecord & { readonly timestampMs?: number })[],
  ): Promise<number>;
  close(): Promise<void>;
}

/** What this project needs of Kafka; docs/glossary.md has the words. Adapters: log-kafka, and MemoryLog for tests. */
export interface Log {
  readonly admin: LogAdmin;
  openGroupMember(options: GroupMemberOptions): GroupMember;
  openFetcher(options: FetcherOptions, listener: FetcherListener): Fetcher;
  /** Asks for a producer id, which fences every earlier holder of the transactional id. */
  openTransactionalProducer(options: TransactionalProducerOptions): Promise<TransactionalProducer>;
  openProducer(): Producer;
  /** Reads a range, read_committed: waits until transactions that are open below `offsetUntil` have ended. Rejects with unavailable after 30 s without progress, or as a Fetcher does. */
  readRange(options: RangeReadOptions): Promise<void>;
  /** Closes everything opened from it. Idempotent. */
  close(): Promise<void>;
}
