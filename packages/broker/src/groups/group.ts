import type { Clock, Timers } from '@chat-cluster/kernel';
import { ErrorCode } from '../wire/error-codes.ts';
import type { StoredGroup } from './group-change.ts';
import { GroupJoins } from './group-joins.ts';
import { syncFailed } from './group-messages.ts';
import type {
  GenerationIdentity,
  JoinRequest,
  JoinResponse,
  MemberIdentity,
  SyncRequest,
  SyncResponse,
} from './group-messages.ts';
import type { GroupOptions } from './group-options.ts';
import type { GroupPhaseName } from './group-phase.ts';
import { metadataFor, type Member } from './member.ts';
import { RebalanceRounds } from './rebalance-rounds.ts';
import { restoreMember, storeMember } from './stored-member.ts';
import { CONSUMER_PROTOCOL, subscribedTopics } from './subscribed-topics.ts';

/** What a group stands on. */
export type GroupSurroundings = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly options: GroupOptions;
  /** Makes a member id of a client id or instance id; never the same twice. */
  readonly newMemberId: (prefix: string) => string;
  /** Writes a group to the journal; resolved when that is durable. */
  readonly store: (group: StoredGroup) => Promise<void>;
};

/**
 * One classic consumer group: decides, by the table in `docs/groups.md`, what each request means in
 * the present phase. Synchronous; every request is answered exactly once, now or later, through its
 * `reply`.
 */
export class Group {
  readonly groupId: string;
  readonly #surroundings: GroupSurroundings;
  readonly #rounds: RebalanceRounds;
  readonly #joins: GroupJoins;
  /** What a restart would find; undefined when the journal does not know the group. */
  #stored: StoredGroup | undefined;
  /** Wall clock; since when there have been no members. */
  #emptySinceMs: number;

  constructor(groupId: string, surroundings: GroupSurroundings) {
    this.groupId = groupId;
    this.#surroundings = surroundings;
    this.#emptySinceMs = surroundings.clock.wallMs();
    const { clock, timers, options, newMemberId } = surroundings;
    const store = () => this.#store();
    this.#rounds = new RebalanceRounds({ clock, timers, options, store });
    this.#joins = new GroupJoins({ rounds: this.#rounds, options, newMemberId, store });
  }

  get phaseName(): GroupPhaseName {
    return this.#rounds.phase.name;
  }

  /** '' for a group that only keeps offsets. */
  get protocolType(): string {
    return this.#rounds.protocolType ?? '';
  }

  /** The group as the journal has it. */
  get stored(): StoredGroup | undefined {
    return this.#stored;
  }

  /** Wall clock; since when the group has had no members. */
  get emptySinceMs(): number {
    return this.#emptySinceMs;
  }

  /** Whether nothing would be lost if this object were forgotten, offsets aside. */
  get isUnused(): boolean {
    return this.phaseName === 'Empty' && this.#rounds.members.pending.size === 0;
  }

  /** Takes part in the next generation, or gets the present one again. */
  join(request: JoinRequest, reply: (response: JoinResponse) => void): void {
    this.#joins.join(request, reply);
  }

  /** Asks for the member's share; the leader brings everybody's. */
  sync(request: SyncRequest, reply: (response: SyncResponse) => void): void {
    const found = this.#inGeneration(request);
    if (typeof found === 'number') return reply(syncFailed(found));
    if (!this.#isOfProtocol(request)) {
      return reply(syncFailed(ErrorCode.INCONSISTENT_GROUP_PROTOCOL));
    }
    const phaseName = this.phaseName;
    if (phaseName === 'PreparingRebalance') {
      reply(syncFailed(ErrorCode.REBALANCE_IN_PROGRESS));
    } else if (phaseName === 'CompletingRebalance') {
      this.#rounds.parkSync(found, request, reply);
    } else {
      this.#rounds.confirmSync(found);
      this.#rounds.sessions.extend(found.memberId);
      reply(this.#rounds.syncResponse(found));
    }
  }

  /** Extends the member's session; says whether a rebalance is on its way. */
  heartbeat(request: GenerationIdentity): ErrorCode {
    const found = this.#inGeneration(request);
    if (typeof found === 'number') return found;
    this.#rounds.sessions.extend(found.memberId);
    const isRebalancing = this.phaseName === 'PreparingRebalance';
    return isRebalancing ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  /** Removes a member; whoever knows its id, or its instance id, may ask for it. */
  leave({ memberId, groupInstanceId }: MemberIdentity): ErrorCode {
    if (this.phaseName === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const { members } = this.#rounds;
    if (members.pending.has(memberId)) {
      if (groupInstanceId !== null) return ErrorCode.UNKNOWN_MEMBER_ID;
      this.#rounds.unexpect(memberId);
      return ErrorCode.NONE;
    }
    const isByInstance = memberId === '' && groupInstanceId !== null;
    const found = isByInstance
      ? (members.get(members.idOfInstance(groupInstanceId) ?? '') ?? ErrorCode.UNKNOWN_MEMBER_ID)
      : members.identify({ memberId, groupInstanceId });
    if (typeof found === 'number') return found;
    this.#rounds.remove(found);
    return ErrorCode.NONE;
  }

  /**
   * Whether an offset commit is of the present generation (design promise 1: safety rests on it).
   * A good one extends the member's session, unless it is transactional.
   */
  checkCommit(request: GenerationIdentity, { isTransactional = false } = {}): ErrorCode {
    const { phaseName } = this;
    if (phaseName === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const { generationId, memberId, groupInstanceId } = request;
    if (generationId < 0 && phaseName === 'Empty') return ErrorCode.NONE;
    if (generationId < 0 && memberId === '' && groupInstanceId === null) {
      return isTransactional ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
    }
    const found = this.#rounds.members.identify(request);
    if (typeof found === 'number') return found;
    if (generationId !== this.#rounds.generationId) return ErrorCode.ILLEGAL_GENERATION;
    if (isTransactional) return ErrorCode.NONE;
    // The member has this generation's number, but not its share: it commits for the one before.
    if (phaseName === 'CompletingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS;
    this.#rounds.sessions.extend(found.memberId);
    return ErrorCode.NONE;
  }

  /** The group as DescribeGroups shows it: metadata and assignments only of a stable one. */
  describe() {
    const { protocolName } = this.#rounds;
    const isStable = this.phaseName === 'Stable';
    return {
      phaseName: this.phaseName,
      protocolType: this.protocolType,
      protocolName: isStable ? (protocolName ?? '') : '',
      members: [...this.#rounds.members].map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        metadata: metadataFor(member, isStable ? protocolName : null),
        assignment: isStable ? member.assignment : new Uint8Array(0),
      })),
    };
  }

  /**
   * Whether a member of a group with members may be reading this topic. When a member's metadata
   * cannot be read, it may.
   */
  maySubscribeTo(topic: string): boolean {
    if (this.protocolType !== CONSUMER_PROTOCOL) return true;
    return !this.#rounds.members.every((member) => {
      const metadata = member.protocols[0]?.metadata;
      const topics = metadata && subscribedTopics(metadata);
      return topics != null && !topics.includes(topic);
    });
  }

  /** Makes every member join again. For tests of clients, and for operators. */
  forceRebalance(): void {
    if (this.#rounds.members.count > 0) this.#rounds.rebalance();
  }

  /** Puts the group back as the journal has it; `startSessions` follows when all is replayed. */
  restore(stored: StoredGroup): void {
    this.#stored = stored;
    this.#emptySinceMs = stored.emptySinceMs ?? this.#emptySinceMs;
    const { generationId, protocolType, protocolName, leaderId } = stored;
    const members = stored.members.map(restoreMember);
    this.#rounds.restore({ generationId, protocolType, protocolName, leaderId, members });
  }

  startSessions(): void {
    this.#rounds.startSessions();
  }

  /** Ends an empty group: nothing is accepted any more. */
  die(): void {
    this.#rounds.die();
  }

  close(): void {
    this.#rounds.close();
  }

  /** The member, if it is one of the present generation. */
  #inGeneration(request: GenerationIdentity): Member | ErrorCode {
    if (this.phaseName === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const found = this.#rounds.members.identify(request);
    if (typeof found === 'number') return found;
    const isPresent = request.generationId === this.#rounds.generationId;
    return isPresent ? found : ErrorCode.ILLEGAL_GENERATION;
  }

  #isOfProtocol({ protocolType, protocolName }: SyncRequest): boolean {
    return (
      (protocolType === null || protocolType === this.#rounds.protocolType) &&
      (protocolName === null || protocolName === this.#rounds.protocolName)
    );
  }

  #store(): Promise<void> {
    const isEmpty = this.#rounds.members.count === 0;
    if (isEmpty) this.#emptySinceMs = this.#surroundings.clock.wallMs();
    this.#stored = {
      groupId: this.groupId,
      generationId: this.#rounds.generationId,
      protocolType: this.#rounds.protocolType,
      protocolName: this.#rounds.protocolName,
      leaderId: this.#rounds.leaderId,
      members: [...this.#rounds.members].map(storeMember),
      emptySinceMs: isEmpty ? this.#emptySinceMs : null,
    };
    return this.#surroundings.store(this.#stored);
  }
}
