/** A member as the journal keeps it; bytes are base64. */
export type StoredMember = {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocols: readonly { readonly name: string; readonly metadata: string }[];
  readonly assignment: string;
};

/** A group as of its last assignment, or as it became empty. */
export type StoredGroup = {
  readonly groupId: string;
  readonly generationId: number;
  /** Null: nobody ever joined; the group only keeps offsets. */
  readonly protocolType: string | null;
  /** Null: the group is empty. */
  readonly protocolName: string | null;
  readonly leaderId: string | null;
  readonly members: readonly StoredMember[];
  /** Wall clock; since when the group has had no members. Null: it has some. */
  readonly emptySinceMs: number | null;
};

/** One committed offset. `expiresAtMs`: given by clients before OffsetCommit v5, else null. */
export type StoredOffset = {
  /** Counts all commits, in the order in which they were sent: of two for a partition the later one stays. */
  readonly order: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly committedAtMs: number;
  readonly expiresAtMs: number | null;
};

/** What the groups write to the state journal. Every kind is absolute: applied twice, it does nothing more. */
export type GroupChange =
  | { readonly kind: 'group'; readonly group: StoredGroup }
  | { readonly kind: 'group-deleted'; readonly groupId: string }
  | {
      readonly kind: 'offsets-committed';
      readonly groupId: string;
      readonly offsets: readonly StoredOffset[];
    }
  | {
      /** Offsets of an open transaction; the transaction's own decision applies or drops them. */
      readonly kind: 'offsets-staged';
      readonly groupId: string;
      readonly producerId: number;
      readonly offsets: readonly StoredOffset[];
    }
  | {
      readonly kind: 'offsets-removed';
      readonly groupId: string;
      readonly partitions: readonly (readonly [topic: string, partition: number])[];
    }
  | { readonly kind: 'topic-offsets-removed'; readonly topic: string };
