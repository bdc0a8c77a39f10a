import type { TopicPartition } from '@chat-cluster/log';

/** The place of one record. */
export type RecordAt = TopicPartition & { readonly offset: number };

export function isSameRecord(a: RecordAt, b: RecordAt): boolean {
  return a.topic === b.topic && a.partition === b.partition && a.offset === b.offset;
}

/** A record that another one led to. */
export type FoundRecord = RecordAt & {
  /** When the broker appended it, milliseconds since 1970. */
  readonly appendedMs: number;
};

export type FoundEvent = FoundRecord & {
  /** Among the entity's events. */
  readonly seq: number;
  /** Among the shard's events. */
  readonly eventNumber: number;
  /** Whether the entity was quarantined by it, or the record parked behind others. */
  readonly isParked: boolean;
  /** In the journal; until then the event topic keeps it, and its shard's owner has it in memory. */
  readonly isJournaled: boolean;
};

export type FoundDeadLetter = FoundRecord & { readonly code: string; readonly reason: string };

/**
 * - absent: no such record can be read; `reason` says why
 * - forwarded: it was not at home; `home` tells the life of its copy
 * - forwarding: it is not at home, and its copy was not found
 * - waiting: its shard has not decided it, or not committed that
 * - decided: its transaction has committed
 */
export type RecordState = 'absent' | 'forwarded' | 'forwarding' | 'waiting' | 'decided';

/** The whole life of one input record, as the log and the journal tell it. */
export type Explanation = {
  readonly record: RecordAt;
  readonly state: RecordState;
  /** The record's own time, milliseconds since 1970: whatever its sender said. */
  readonly timestampMs?: number;
  /** Where it was first, if it was forwarded to here. */
  readonly forwardedFrom?: RecordAt;
  readonly entityType?: string;
  readonly entityId?: string;
  /** The partition where its entity lives. */
  readonly homePartition?: number;
  /** Of the copy at home. */
  readonly home?: Explanation;
  /** Records of its partition that come before it and are not decided either. */
  readonly recordsBefore?: number;
  readonly events?: readonly FoundEvent[];
  readonly outputs?: readonly FoundRecord[];
  readonly deadLetter?: FoundDeadLetter;
  /** What a person wants to hear, in order; the first says how it stands. */
  readonly sentences: readonly string[];
};
