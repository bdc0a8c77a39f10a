import { assert, type Cancel, type Timers } from '@chat-cluster/kernel';
import type { Generation, MemberAssignment, MemberSubscription } from './group-member.ts';
import type { GroupDescription } from './log-admin.ts';
import { MemoryBrokerError } from './memory-broker-error.ts';
import { MemoryGroupOffsets } from './memory-group-offsets.ts';
import { MemoryMembership } from './memory-membership.ts';

/** JoinGroup. A member id is empty when a client joins for the first time: it is given one, and asks again with it. */
export type JoinRequest = Omit<MemberSubscription, 'memberId'> & {
  readonly memberId: string;
  readonly clientHost: string;
  readonly protocolName: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
};

export type JoinAnswer =
  | { readonly kind: 'member-id-required'; readonly memberId: string }
  | {
      readonly kind: 'joined';
      readonly generation: Generation;
      readonly leaderId: string;
      /** All members, for the leader; empty for the others. */
      readonly members: readonly MemberSubscription[];
    };

export type SyncRequest = {
  readonly generation: Generation;
  /** The leader's; empty for the others. */
  readonly assignments: ReadonlyMap<string, MemberAssignment>;
};

/**
 * Phases of a group, in Kafka's words.
 *
 * | from | to | when |
 * | --- | --- | --- |
 * | Empty | PreparingRebalance | a first member joins |
 * | PreparingRebalance | CompletingRebalance | every member has joined, or the rebalance time-out is over and those who have not are out |
 * | PreparingRebalance | Empty | nobody has joined |
 * | CompletingRebalance | Stable | the leader has sent the assignment |
 * | CompletingRebalance, Stable | PreparingRebalance | a member joins with something new, leaves, is removed, or its session is over |
 */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

export type MemoryGroupOptions = {
  readonly groupId: string;
  readonly timers: Timers;
  /** How long the first member of an empty group waits for others. */
  readonly initialRebalanceDelayMs: number;
};

/** One consumer group of the memory broker: the classic protocol as Kafka's coordinator runs it, and its offsets. */
export class MemoryGroup {
  readonly offsets = new MemoryGroupOffsets();
  readonly #options: MemoryGroupOptions;
  #state: GroupState = 'Empty';
  #generationId = 0;
  #leaderId = '';
  #memberIdCount = 0;
  readonly #members = new Map<string, MemoryMembership>();
  /** Ids given to clients that have not joined with them yet: the join phase waits for them too. */
  readonly #pendingIds = new Map<string, Cancel>();
  /** Ends the phase for those that do not come. */
  #cancelPhase: Cancel = () => {};
  #isHeldBack = false;

  constructor(options: MemoryGroupOptions) {
    this.#options = options;
  }

  get state(): GroupState {
    return this.#state;
  }

  /** JoinGroup: answered when the join phase is over, at once where nothing has changed. */
  join(request: JoinRequest): Promise<JoinAnswer> | JoinAnswer {
    this.#assertProtocol(request);
    if (request.memberId === '') return this.#giveMemberId(request);
    const member = this.#members.get(request.memberId);
    if (!member) return this.#joinNew(request);
    const isUnchanged = member.isSame(request);
    member.request = request;
    const isAnsweredAtOnce =
      isUnchanged &&
      (this.#state === 'CompletingRebalance' ||
        (this.#state === 'Stable' && request.memberId !== this.#leaderId));
    if (!isAnsweredAtOnce) return this.#parkJoin(member);
    member.renewSession();
    return this.#joinAnswerOf(member);
  }

  /** SyncGroup: answered when the leader's has come. */
  sync({ generation, assignments }: SyncRequest): Promise<MemberAssignment> | MemberAssignment {
    const member = this.#validMember(generation);
    if (this.#state === 'PreparingRebalance') throw rebalancing();
    member.renewSession();
    if (this.#state === 'Stable') return member.assignment;
    const answer = member.parkSync();
    if (generation.memberId === this.#leaderId) this.#becomeStable(assignments);
    return answer;
  }

  heartbeat(generation: Generation): void {
    const member = this.#validMember(generation);
    member.renewSession();
    if (this.#state === 'PreparingRebalance') throw rebalancing();
  }

  /** LeaveGroup, for the member itself or by an operator. Does nothing when the group does not know it. */
  leave(memberId: string): void {
    const cancelPending = this.#pendingIds.get(memberId);
    if (cancelPending) {
      cancelPending();
      this.#pendingIds.delete(memberId);
      this.#completeJoinWhenAllHave();
    }
    this.#remove(memberId);
  }

  /**
   * Refuses who may not commit offsets: a generation is valid until the join phase after it is over.
   *
   * @throws MemoryBrokerError UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION
   */
  validateCommit(generation: Generation): void {
    this.#validMember(generation);
  }

  /** @throws MemoryBrokerError NON_EMPTY_GROUP: offsets may be set from outside only while nobody is in the group */
  validateEmpty(): void {
    if (this.#state === 'Empty') return;
    throw new MemoryBrokerError(
      'NON_EMPTY_GROUP',
      `Group ${this.#options.groupId} has members: stop them before its offsets are set.`,
    );
  }

  describe(): GroupDescription {
    const isStable = this.#state === 'Stable';
    const members = [...this.#members.values()].map(({ request, assignment }) => ({
      memberId: request.memberId,
      clientHost: request.clientHost,
      userData: isStable ? request.userData : new Uint8Array(),
      partitions: isStable ? assignment.partitions : [],
    }));
    return { state: this.#state, members };
  }

  #assertProtocol(request: JoinRequest): void {
    for (const { request: other } of this.#members.values()) {
      if (other.protocolName === request.protocolName) return;
      throw new MemoryBrokerError(
        'INCONSISTENT_GROUP_PROTOCOL',
        `Group ${this.#options.groupId} has members with the protocol ${other.protocolName}, not ${request.protocolName}.`,
      );
    }
  }

  #giveMemberId({ clientHost, sessionTimeoutMs }: JoinRequest): JoinAnswer {
    this.#memberIdCount += 1;
    const memberId = `${clientHost}-${this.#memberIdCount}`;
    const cancel = this.#options.timers.after(sessionTimeoutMs, () => this.leave(memberId));
    this.#pendingIds.set(memberId, cancel);
    return { kind: 'member-id-required', memberId };
  }

  #joinNew(request: JoinRequest): Promise<JoinAnswer> {
    const cancelPending = this.#pendingIds.get(request.memberId);
    if (!cancelPending) throw unknownMember(request.memberId);
    cancelPending();
    this.#pendingIds.delete(request.memberId);
    const { timers } = this.#options;
    const onSessionOver = (): void => this.#remove(request.memberId);
    const member = new MemoryMembership({ request, timers, onSessionOver });
    this.#members.set(request.memberId, member);
    return this.#parkJoin(member);
  }

  #parkJoin(member: MemoryMembership): Promise<JoinAnswer> {
    const answer = member.parkJoin();
    member.renewSession();
    if (this.#state === 'PreparingRebalance') this.#completeJoinWhenAllHave();
    else this.#prepareRebalance();
    return answer;
  }

  #prepareRebalance(): void {
    for (const member of this.#members.values()) member.refuseSync(rebalancing());
    this.#isHeldBack = this.#state === 'Empty' && this.#options.initialRebalanceDelayMs > 0;
    this.#state = 'PreparingRebalance';
    const delayMs = this.#isHeldBack
      ? this.#options.initialRebalanceDelayMs
      : this.#rebalanceTimeoutMs();
    this.#enterPhase(delayMs, () => this.#completeJoin());
    this.#completeJoinWhenAllHave();
  }

  #completeJoinWhenAllHave(): void {
    if (this.#state !== 'PreparingRebalance' || this.#isHeldBack) return;
    if (this.#pendingIds.size > 0 && this.#members.size > 0) return;
    for (const member of this.#members.values()) if (!member.hasJoined) return;
    this.#completeJoin();
  }

  /** Who has not joined is out. From here on the generation before is over. */
  #completeJoin(): void {
    this.#isHeldBack = false;
    for (const [memberId, member] of this.#members) if (!member.hasJoined) this.#drop(memberId);
    this.#generationId += 1;
    const [firstId] = this.#members.keys();
    if (firstId === undefined) {
      this.#cancelPhase();
      this.#state = 'Empty';
      return;
    }
    this.#state = 'CompletingRebalance';
    if (!this.#members.has(this.#leaderId)) this.#leaderId = firstId;
    this.#enterPhase(this.#rebalanceTimeoutMs(), () => this.#expelUnsynced());
    for (const member of this.#members.values()) member.answerJoin(this.#joinAnswerOf(member));
  }

  #becomeStable(assignments: ReadonlyMap<string, MemberAssignment>): void {
    this.#cancelPhase();
    this.#state = 'Stable';
    for (const [memberId, member] of this.#members) member.answerSync(assignments.get(memberId));
  }

  /** The leader has not sent the assignment in time. */
  #expelUnsynced(): void {
    for (const [memberId, member] of this.#members) if (!member.hasSynced) this.#drop(memberId);
    this.#prepareRebalance();
  }

  #remove(memberId: string): void {
    if (!this.#members.has(memberId)) return;
    this.#drop(memberId);
    if (this.#state === 'PreparingRebalance') this.#completeJoinWhenAllHave();
    else this.#prepareRebalance();
  }

  #drop(memberId: string): void {
    const member = this.#members.get(memberId);
    assert(member, 'A member that is dropped was in the group.');
    member.end(unknownMember(memberId));
    this.#members.delete(memberId);
  }

  #joinAnswerOf(member: MemoryMembership): JoinAnswer {
    const { memberId } = member;
    const isLeader = memberId === this.#leaderId;
    return {
      kind: 'joined',
      generation: { memberId, generationId: this.#generationId },
      leaderId: this.#leaderId,
      members: isLeader ? [...this.#members.values()].map(({ subscription }) => subscription) : [],
    };
  }

  #validMember({ memberId, generationId }: Generation): MemoryMembership {
    const member = this.#members.get(memberId);
    if (!member) throw unknownMember(memberId);
    if (generationId !== this.#generationId) {
      throw new MemoryBrokerError(
        'ILLEGAL_GENERATION',
        `Generation ${generationId} of group ${this.#options.groupId} is over: it is at ${this.#generationId}.`,
      );
    }
    return member;
  }

  #enterPhase(timeoutMs: number, onTimeout: () => void): void {
    this.#cancelPhase();
    this.#cancelPhase = this.#options.timers.after(timeoutMs, onTimeout);
  }

  #rebalanceTimeoutMs(): number {
    return Math.max(
      0,
      ...[...this.#members.values()].map(({ request }) => request.rebalanceTimeoutMs),
    );
  }
}

function rebalancing(): MemoryBrokerError {
  return new MemoryBrokerError('REBALANCE_IN_PROGRESS', 'The group is rebalancing: join again.');
}

function unknownMember(memberId: string): MemoryBrokerError {
  return new MemoryBrokerError('UNKNOWN_MEMBER_ID', `The group has no member ${memberId}.`);
}
