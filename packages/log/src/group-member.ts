/** A membership in one generation of a consumer group; both go with every offset commit. */
export type Generation = { readonly memberId: string; readonly generationId: number };

/** What a member tells the leader when it joins. */
export type MemberSubscription = {
  readonly memberId: string;
  /** Bytes of the member's own, under 100: its name, endpoint and transactional id. */
  readonly userData: Uint8Array;
  /** Partitions (numbers shared by all co-partitioned topics) whose tenures this member has not ended. */
  readonly ownedPartitions: readonly number[];
  /** The generation in which it got them, -1 for none: of two claims the younger counts. */
  readonly ownedGenerationId: number;
};

/** What the leader gives a member: the same partitions of every topic, and bytes of the assignor's own. */
export type MemberAssignment = {
  readonly partitions: readonly number[];
  readonly userData: Uint8Array;
};

/** Decides who gets what; pure, run by the leader. Every member of the input must be a key of the result. */
export type Assignor = (
  members: readonly MemberSubscription[],
) => ReadonlyMap<string, MemberAssignment>;

export type GroupMemberOptions = {
  readonly groupId: string;
  /** The co-partitioned topics, all with the same number of partitions. */
  readonly topics: readonly string[];
  /** Name of the assignor in the group protocol; all members must have it. */
  readonly protocolName: string;
  readonly userData: Uint8Array;
  readonly assignor: Assignor;
  /** Default 6,000. */
  readonly sessionTimeoutMs?: number;
  /** Default 6,000: how long a rebalance waits for a member. */
  readonly rebalanceTimeoutMs?: number;
  /** Default 250. */
  readonly heartbeatIntervalMs?: number;
};

/**
 * What a member tells its owner. Calls never overlap: the next comes when the promise of the one before has settled
 * (onLost excepted, which may come at any time).
 */
export interface GroupListener {
  /**
   * A JoinGroup is about to be sent (first join, rebalance, or because rejoin() was called). Answers the partitions that are still owned; the tenures of all
   * others have ended by then. Must be quick: the whole group waits.
   */
  beforeJoin(): Promise<readonly number[]>;
  /** SyncGroup was answered: this generation's assignment. Called in the turn in which current() becomes this generation. */
  onAssigned(generation: Generation, assignment: MemberAssignment): void;
  /** This member is out of the group (unknown, fenced or its session expired): every tenure is over. It joins again by itself, as a new member. */
  onLost(reason: string): void;
  /** A failure the member cannot mend by itself; it has stopped. */
  onFatal(error: Error): void;
}

/** One member of a consumer group (the classic protocol). It joins, heartbeats and joins again by itself until left. */
export interface GroupMember {
  /** Starts joining; resolves at the first assignment. */
  start(listener: GroupListener): Promise<void>;
  /**
   * The generation that offsets may be committed with now: that of the last SyncGroup answer, unless a later JoinGroup was answered already.
   * Undefined between a JoinGroup answer and its SyncGroup answer, and when lost.
   */
  current(): Generation | undefined;
  /** Sends a JoinGroup soon although the group is stable: to give up partitions whose tenures have ended. Idempotent while one is pending. */
  rejoin(): void;
  /**
   * Resolves with the generation after a heartbeat *sent after this call* was acknowledged while the member was in that generation; calls made
   * meanwhile share one heartbeat. An answer that says that the group rebalances acknowledges it too: the generation still holds. Rejects with not-a-member when the member is lost or joins again before that.
   */
  confirm(): Promise<Generation>;
  /** Monotonic time (ms) at which the last acknowledged heartbeat, join or sync was sent; -Infinity when lost. A lease counts from here. */
  lastConfirmedMs(): number;
  /** Sends LeaveGroup and stops; the broker rebalances at once. Idempotent. */
  leave(): Promise<void>;
  /** Stops without LeaveGroup: as a crash would. Idempotent. */
  abandon(): void;
}
