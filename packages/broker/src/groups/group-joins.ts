import { ErrorCode } from '../wire/error-codes.ts';
import { joinFailed, type JoinRequest, type JoinResponse } from './group-messages.ts';
import type { GroupOptions } from './group-options.ts';
import type { GroupPhaseName } from './group-phase.ts';
import { metadataFor, newMember, offersSame, refreshMember, type Member } from './member.ts';
import type { RebalanceRounds } from './rebalance-rounds.ts';
import { CONSUMER_PROTOCOL, subscribesToSame } from './subscribed-topics.ts';

/** Decides what a join means, by who asks and the phase of the group. */
export class GroupJoins {
  readonly #rounds: RebalanceRounds;
  readonly #options: GroupOptions;
  readonly #newMemberId: (prefix: string) => string;
  readonly #store: () => Promise<void>;

  /** @param of `store`: writes the group as it is now; resolved when that is durable */
  constructor(of: {
    rounds: RebalanceRounds;
    options: GroupOptions;
    newMemberId: (prefix: string) => string;
    store: () => Promise<void>;
  }) {
    this.#rounds = of.rounds;
    this.#options = of.options;
    this.#newMemberId = of.newMemberId;
    this.#store = of.store;
  }

  /** As `Group.join`. */
  join(request: JoinRequest, reply: (response: JoinResponse) => void): void {
    const { memberId, groupInstanceId } = request;
    const errorCode = this.#whyNotJoin(request);
    if (errorCode !== ErrorCode.NONE) return reply(joinFailed(errorCode, memberId));
    if (memberId === '') {
      if (groupInstanceId !== null) this.#joinStatic(groupInstanceId, request, reply);
      else this.#joinDynamic(request, reply);
    } else if (groupInstanceId === null && this.#rounds.members.pending.has(memberId)) {
      this.#rounds.admit(newMember(request, memberId), request.protocolType, reply);
    } else {
      this.#joinAgain(request, reply);
    }
  }

  get #phaseName(): GroupPhaseName {
    return this.#rounds.phase.name;
  }

  #whyNotJoin({ memberId, groupInstanceId, protocolType, protocols }: JoinRequest): ErrorCode {
    const { members } = this.#rounds;
    if (this.#phaseName === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    if (!this.#supports(protocolType, protocols)) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
    const isKnown =
      members.pending.has(memberId) ||
      members.get(memberId) !== undefined ||
      (groupInstanceId !== null && members.idOfInstance(groupInstanceId) !== undefined);
    const isFull = members.count + members.pending.size >= this.#options.memberCountMax;
    return isFull && !isKnown ? ErrorCode.GROUP_MAX_SIZE_REACHED : ErrorCode.NONE;
  }

  #supports(protocolType: string, protocols: JoinRequest['protocols']): boolean {
    if (protocolType === '' || protocols.length === 0) return false;
    if (this.#rounds.members.count === 0) return true;
    const common = this.#rounds.members.commonProtocols();
    return (
      protocolType === this.#rounds.protocolType && protocols.some(({ name }) => common.has(name))
    );
  }

  #joinDynamic(request: JoinRequest, reply: (response: JoinResponse) => void): void {
    const memberId = this.#newMemberId(request.clientId);
    if (request.requiresMemberId) {
      this.#rounds.expect(memberId, request.sessionTimeoutMs);
      reply(joinFailed(ErrorCode.MEMBER_ID_REQUIRED, memberId));
    } else {
      this.#rounds.admit(newMember(request, memberId), request.protocolType, reply);
    }
  }

  #joinStatic(
    groupInstanceId: string,
    request: JoinRequest,
    reply: (response: JoinResponse) => void,
  ): void {
    const { members } = this.#rounds;
    const successor = newMember(request, this.#newMemberId(groupInstanceId));
    const member = members.get(members.idOfInstance(groupInstanceId) ?? '');
    if (member === undefined) return this.#rounds.admit(successor, request.protocolType, reply);
    const isSettled = this.#phaseName === 'Stable' && this.#changesNothing(member, successor);
    Object.assign(successor, { assignment: member.assignment, isNew: member.isNew });
    this.#rounds.replace(member, successor);
    if (isSettled) this.#answerSettledStatic(member, successor, { request, reply });
    else this.#rounds.rejoin(successor, reply);
  }

  /** Whether the present assignment is as good for the static member that came back. */
  #changesNothing(member: Member, successor: Member): boolean {
    const { protocolName, protocolType } = this.#rounds;
    if (successor.protocols.every(({ name }) => name !== protocolName)) return false;
    // What else the metadata says (owned partitions) is of the life before the restart.
    const [before, now] = [metadataFor(member, protocolName), metadataFor(successor, protocolName)];
    return protocolType !== CONSUMER_PROTOCOL || subscribesToSame(before, now);
  }

  #answerSettledStatic(
    member: Member,
    successor: Member,
    { request, reply }: { request: JoinRequest; reply: (response: JoinResponse) => void },
  ): void {
    const isLeader = this.#rounds.leaderId === successor.memberId;
    const skipAssignment = isLeader && request.canSkipAssignment;
    const response = this.#rounds.joinResponse(successor, { skipAssignment });
    // A leader that cannot skip would assign anew: it is told that its old self still leads.
    const asFollower = isLeader && !skipAssignment;
    const told = asFollower ? { ...response, leader: member.memberId, members: [] } : response;
    this.#store().then(
      () => reply(told),
      () => reply(joinFailed(ErrorCode.COORDINATOR_NOT_AVAILABLE, successor.memberId)),
    );
  }

  #joinAgain(request: JoinRequest, reply: (response: JoinResponse) => void): void {
    const found = this.#rounds.members.identify(request);
    if (typeof found === 'number') return reply(joinFailed(found, request.memberId));
    const phaseName = this.#phaseName;
    const isSame = offersSame(found, request.protocols);
    const isAnswerLost = phaseName === 'CompletingRebalance' && isSame;
    const isFollower = found.memberId !== this.#rounds.leaderId;
    refreshMember(found, request);
    if (isAnswerLost || (phaseName === 'Stable' && isSame && isFollower)) {
      this.#rounds.sessions.start(found.memberId, found.sessionTimeoutMs);
      reply(this.#rounds.joinResponse(found));
    } else {
      this.#rounds.rejoin(found, reply);
    }
  }
}
