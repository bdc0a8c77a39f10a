import { assert, type Clock, type Timers } from '@chat-cluster/kernel';
import { ErrorCode } from '../wire/error-codes.ts';
import { GroupMembers } from './group-members.ts';
import { NO_BYTES, syncFailed } from './group-messages.ts';
import type { JoinResponse, SyncRequest, SyncResponse } from './group-messages.ts';
import type { GroupOptions } from './group-options.ts';
import { assertTransition, type GroupPhase } from './group-phase.ts';
import { InitialWait } from './initial-wait.ts';
import { MemberSessions } from './member-sessions.ts';
import { answerParked, type Member } from './member.ts';

/**
 * The rounds by which a group goes from one generation to the next, and all state they change: phase,
 * generation, protocol, leader, members. Who may do what is `Group`'s to decide; this executes it.
 *
 * Invariant: a join or sync is parked on its member until exactly one answer is given, by whatever
 * ends the wait: the round, an expiry, a removal.
 */
export class RebalanceRounds {
  readonly members = new GroupMembers();
  readonly sessions: MemberSessions;
  readonly #timers: Timers;
  readonly #options: GroupOptions;
  readonly #store: () => Promise<void>;
  #phase: GroupPhase = { name: 'Empty' };
  #generationId = 0;
  #protocolType: string | null = null;
  #protocolName: string | null = null;
  #leaderId: string | null = null;

  /** @param of `store`: writes the group as it is now; resolved when that is durable */
  constructor(of: {
    clock: Clock;
    timers: Timers;
    options: GroupOptions;
    store: () => Promise<void>;
  }) {
    this.#timers = of.timers;
    this.#options = of.options;
    this.#store = of.store;
    this.sessions = new MemberSessions({
      clock: of.clock,
      timers: of.timers,
      onExpired: (memberId) => this.#onSessionExpired(memberId),
    });
  }

  get phase(): GroupPhase {
    return this.#phase;
  }

  get generationId(): number {
    return this.#generationId;
  }

  get protocolType(): string | null {
    return this.#protocolType;
  }

  /** Null unless the group has a generation with members. */
  get protocolName(): string | null {
    return this.#protocolName;
  }

  get leaderId(): string | null {
    return this.#leaderId;
  }

  /** Keeps an id for a client that will join with it. */
  expect(memberId: string, sessionTimeoutMs: number): void {
    this.members.pending.add(memberId);
    this.sessions.start(memberId, sessionTimeoutMs);
  }

  /** Adds a new member, whose join waits for the round that its coming starts or extends. */
  admit(member: Member, protocolType: string, reply: (response: JoinResponse) => void): void {
    if (this.members.count === 0) this.#protocolType = protocolType;
    this.members.add(member);
    this.#leaderId ??= member.memberId;
    this.sessions.start(member.memberId, this.#options.newMemberJoinTimeoutMs);
    if (this.#phase.name === 'PreparingRebalance') this.#phase.initialWait?.extend();
    this.rejoin(member, reply);
  }

  /** Parks the join of a member until the next generation, which it starts if none is on its way. */
  rejoin(member: Member, reply: (response: JoinResponse) => void): void {
    answerParked(member, ErrorCode.REBALANCE_IN_PROGRESS); // an earlier request of its own
    member.parkedJoin = reply;
    this.rebalance();
  }

  /** Puts `successor` in the place of a static member, which is fenced. Starts no round. */
  replace(member: Member, successor: Member): void {
    answerParked(member, ErrorCode.FENCED_INSTANCE_ID);
    this.sessions.stop(member.memberId);
    this.members.delete(member);
    this.members.add(successor);
    if (this.#leaderId === member.memberId) this.#leaderId = successor.memberId;
    if ('awaitedSyncs' in this.#phase && this.#phase.awaitedSyncs.delete(member.memberId)) {
      this.#phase.awaitedSyncs.add(successor.memberId);
    }
    this.sessions.start(successor.memberId, successor.sessionTimeoutMs);
  }

  /** Removes a member; the others share out its work. */
  remove(member: Member): void {
    this.#drop(member);
    if (this.#phase.name !== 'Empty') this.rebalance();
  }

  /** Gives up an id that was expected. */
  unexpect(memberId: string): void {
    this.members.pending.delete(memberId);
    this.sessions.stop(memberId);
    this.#completeJoinIfAllJoined();
  }

  /** Starts a round unless one is on its way; then looks whether that one is complete. */
  rebalance(): void {
    const phase = this.#phase;
    if (phase.name === 'Empty') this.#startInitialRound();
    else if (phase.name !== 'PreparingRebalance') this.#startRound(ErrorCode.REBALANCE_IN_PROGRESS);
    this.#completeJoinIfAllJoined();
  }

  /** What a member hears of the present generation. */
  joinResponse(member: Member, { skipAssignment = false } = {}): JoinResponse {
    const isLeader = this.#leaderId === member.memberId;
    return {
      errorCode: ErrorCode.NONE,
      generationId: this.#generationId,
      protocolType: this.#protocolType,
      protocolName: this.#protocolName,
      leader: this.#leaderId ?? '',
      memberId: member.memberId,
      skipAssignment,
      members: isLeader ? this.members.metadataFor(this.#protocolName) : [],
    };
  }

  /** What a member hears of its share of the present generation. */
  syncResponse({ assignment }: Member): SyncResponse {
    const { protocolType, protocolName } = this;
    return { errorCode: ErrorCode.NONE, protocolType, protocolName, assignment };
  }

  /** Parks the sync of a member; the leader's carries the assignments of all. */
  parkSync(member: Member, request: SyncRequest, reply: (response: SyncResponse) => void): void {
    const phase = this.#phase;
    assert(
      phase.name === 'CompletingRebalance',
      'A sync waits for a generation without assignment.',
    );
    answerParked(member, ErrorCode.REBALANCE_IN_PROGRESS);
    member.parkedSync = reply;
    this.confirmSync(member);
    if (member.memberId === this.#leaderId && !phase.isStoring) this.#assign(request.assignments);
  }

  /** Notes that the member has asked for its share. */
  confirmSync(member: Member): void {
    const phase = this.#phase;
    if (!('awaitedSyncs' in phase)) return;
    phase.awaitedSyncs.delete(member.memberId);
    if (phase.awaitedSyncs.size === 0) phase.cancelTimer();
  }

  /** Takes over a group as it was stored. Every session starts anew. */
  restore(of: {
    generationId: number;
    protocolType: string | null;
    protocolName: string | null;
    leaderId: string | null;
    members: readonly Member[];
  }): void {
    assert(this.#phase.name === 'Empty', 'A group is restored before it is used.');
    this.#generationId = of.generationId;
    this.#protocolType = of.protocolType;
    this.#protocolName = of.protocolName;
    this.#leaderId = of.leaderId;
    for (const member of of.members) this.members.add(member);
    if (of.members.length === 0) return;
    this.#moveTo({ name: 'Stable', cancelTimer: () => {}, awaitedSyncs: new Set() });
  }

  /** Starts what a restored group needs of time. */
  startSessions(): void {
    for (const { memberId, sessionTimeoutMs } of this.members) {
      this.sessions.start(memberId, sessionTimeoutMs);
    }
  }

  /** Ends an empty group. */
  die(): void {
    this.sessions.stopAll();
    this.members.pending.clear();
    this.#moveTo({ name: 'Dead' });
  }

  /** Stops all timers, and answers whoever waits: the broker is going. */
  close(): void {
    this.sessions.stopAll();
    if ('cancelTimer' in this.#phase) this.#phase.cancelTimer();
    for (const member of this.members) {
      answerParked(member, ErrorCode.COORDINATOR_NOT_AVAILABLE);
    }
  }

  #moveTo(phase: GroupPhase): void {
    assertTransition(this.#phase.name, phase.name);
    this.#phase = phase;
  }

  #startInitialRound(): void {
    const wait = new InitialWait({
      timers: this.#timers,
      delayMs: this.#options.initialRebalanceDelayMs,
      waitMsMax: this.members.rebalanceTimeoutMsMax(),
      onOver: () => this.#completeJoin(),
    });
    const cancelTimer = () => wait.cancel();
    this.#moveTo({ name: 'PreparingRebalance', initialWait: wait, cancelTimer });
  }

  /** @param syncError what members hear that still wait for an assignment */
  #startRound(syncError: ErrorCode): void {
    const phase = this.#phase;
    if ('cancelTimer' in phase) phase.cancelTimer();
    for (const member of this.members) {
      member.parkedSync?.(syncFailed(syncError));
      member.parkedSync = undefined;
    }
    this.#moveTo({
      name: 'PreparingRebalance',
      initialWait: undefined,
      cancelTimer: this.#afterRebalanceTimeout(() => this.#completeJoin()),
    });
  }

  #afterRebalanceTimeout(callback: () => void) {
    return this.#timers.after(this.members.rebalanceTimeoutMsMax(), callback);
  }

  #completeJoinIfAllJoined(): void {
    const phase = this.#phase;
    if (phase.name !== 'PreparingRebalance' || phase.initialWait) return;
    if (this.members.pending.size > 0) return;
    if (this.members.every((member) => member.parkedJoin !== undefined)) this.#completeJoin();
  }

  /** Ends the waiting for joins, all there or not. */
  #completeJoin(): void {
    const phase = this.#phase;
    assert(phase.name === 'PreparingRebalance', 'A round ends after it began.');
    phase.cancelTimer();
    for (const member of [...this.members]) {
      if (member.parkedJoin === undefined && member.groupInstanceId === null) this.#drop(member);
    }
    if (this.members.count > 0 && !this.#electLeader()) {
      // Static members only, and all are away: wait for one of them, or for their sessions to end.
      phase.cancelTimer = this.#afterRebalanceTimeout(() => this.#completeJoin());
      return;
    }
    this.#generationId += 1;
    if (this.members.count === 0) this.#becomeEmpty();
    else this.#beginGeneration();
  }

  /** The leader stays if it has joined, else the first that has; false if nobody has. */
  #electLeader(): boolean {
    const leader = this.members.get(this.#leaderId ?? '');
    if (leader?.parkedJoin) return true;
    const joined = this.members.first((member) => member.parkedJoin !== undefined);
    if (joined) this.#leaderId = joined.memberId;
    return joined !== undefined;
  }

  #becomeEmpty(): void {
    this.#protocolName = null;
    this.#leaderId = null;
    this.#moveTo({ name: 'Empty' });
    // Nobody waits for it: without this record a restart finds the members again, and they expire.
    void this.#store().catch(() => {});
  }

  #beginGeneration(): void {
    this.#protocolName = this.members.electedProtocol();
    const joined = [...this.members].filter((member) => member.parkedJoin !== undefined);
    this.#moveTo({
      name: 'CompletingRebalance',
      cancelTimer: this.#afterRebalanceTimeout(() => this.#onSyncTimeout()),
      awaitedSyncs: new Set(joined.map(({ memberId }) => memberId)),
      isStoring: false,
    });
    for (const member of joined) {
      member.isNew = false;
      this.sessions.start(member.memberId, member.sessionTimeoutMs);
      const reply = member.parkedJoin;
      member.parkedJoin = undefined;
      reply?.(this.joinResponse(member));
    }
  }

  #assign(assignments: SyncRequest['assignments']): void {
    const phase = this.#phase;
    assert(phase.name === 'CompletingRebalance', 'A generation is assigned once.');
    const given = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]));
    for (const member of this.members) {
      member.assignment = given.get(member.memberId)?.slice() ?? NO_BYTES;
    }
    phase.isStoring = true;
    // By the time it is stored the group may have gone on: then its phase is another object.
    this.#store().then(
      () => {
        if (this.#phase === phase) this.#becomeStable(phase);
      },
      () => {
        if (this.#phase === phase) this.#startRound(ErrorCode.COORDINATOR_NOT_AVAILABLE);
      },
    );
  }

  #becomeStable({ cancelTimer, awaitedSyncs }: GroupPhase & { name: 'CompletingRebalance' }): void {
    this.#moveTo({ name: 'Stable', cancelTimer, awaitedSyncs });
    for (const member of this.members) {
      const reply = member.parkedSync;
      if (reply === undefined) continue;
      member.parkedSync = undefined;
      this.sessions.extend(member.memberId);
      reply(this.syncResponse(member));
    }
  }

  #onSyncTimeout(): void {
    const phase = this.#phase;
    assert('awaitedSyncs' in phase, 'Syncs are awaited only in a generation.');
    for (const memberId of phase.awaitedSyncs) {
      const member = this.members.get(memberId);
      if (member) this.#drop(member);
    }
    this.rebalance();
  }

  #onSessionExpired(memberId: string): void {
    if (this.members.pending.has(memberId)) return this.unexpect(memberId);
    const member = this.members.get(memberId);
    assert(member, 'Only members and expected members have sessions.');
    const isWaiting = member.parkedJoin !== undefined || member.parkedSync !== undefined;
    if (isWaiting && !member.isNew) this.sessions.start(memberId, member.sessionTimeoutMs);
    else this.remove(member);
  }

  #drop(member: Member): void {
    answerParked(member, ErrorCode.UNKNOWN_MEMBER_ID);
    this.sessions.stop(member.memberId);
    this.members.delete(member);
    if ('awaitedSyncs' in this.#phase) this.#phase.awaitedSyncs.delete(member.memberId);
    if (this.#leaderId === member.memberId) {
      this.#leaderId = this.members.first()?.memberId ?? null;
    }
  }
}
