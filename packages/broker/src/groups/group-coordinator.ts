import type { Clock, Timers } from '@chat-cluster/kernel';
import type { StateJournal } from '../state-journal/state-journal.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { joinFailed, syncFailed } from './group-messages.ts';
import type {
  GenerationIdentity,
  JoinRequest,
  JoinResponse,
  MemberIdentity,
  SyncRequest,
  SyncResponse,
} from './group-messages.ts';
import { GroupOffsets } from './group-offsets.ts';
import { GROUP_DEFAULTS, type GroupOptions } from './group-options.ts';
import { GroupRegistry } from './group-registry.ts';
import type { Group } from './group.ts';
import { OffsetExpiry } from './offset-expiry.ts';

export type GroupCoordinatorOptions = {
  readonly clock: Clock;
  readonly timers: Timers;
  /** The coordinator registers its section; it is used after the journal was opened. */
  readonly journal: StateJournal;
  /** Whether a topic has this partition; offsets of others are not taken. */
  readonly hasPartition: (topic: string, partition: number) => boolean;
  /** Makes a member id that was never used. Default: the prefix and a random UUID. */
  readonly newMemberId?: (prefix: string) => string;
  /** Default: GROUP_DEFAULTS. */
  readonly options?: Partial<GroupOptions>;
};

/** A group as ListGroups shows it. */
export type GroupListing = {
  readonly groupId: string;
  readonly protocolType: string;
  readonly phaseName: string;
};

/** The coordinator of all consumer groups of this broker, for the handlers of the APIs. */
export class GroupCoordinator {
  readonly offsets: GroupOffsets;
  readonly #options: GroupOptions;
  readonly #registry: GroupRegistry;
  readonly #expiry: OffsetExpiry;

  constructor({ clock, timers, journal, hasPartition, ...rest }: GroupCoordinatorOptions) {
    const options = { ...GROUP_DEFAULTS, ...rest.options };
    const newMemberId =
      rest.newMemberId ?? ((prefix: string) => `${prefix}-${crypto.randomUUID()}`);
    const registry = new GroupRegistry({ clock, timers, options, newMemberId, journal });
    this.#options = options;
    this.#registry = registry;
    this.#expiry = new OffsetExpiry({ registry, clock, timers, options });
    this.offsets = new GroupOffsets({ registry, journal, clock, options, hasPartition });
  }

  /** Starts the clocks. After the journal was opened and all topics are known. */
  start(): void {
    this.offsets.dropForeign();
    this.#registry.start();
    this.#expiry.start();
  }

  /** Stops all timers, and answers whoever waits. Before the journal is closed. */
  close(): void {
    this.#expiry.close();
    this.#registry.close();
  }

  join(groupId: string, request: JoinRequest): Promise<JoinResponse> {
    const { memberId, sessionTimeoutMs } = request;
    const fail = (errorCode: ErrorCode) => Promise.resolve(joinFailed(errorCode, memberId));
    if (groupId === '') return fail(ErrorCode.INVALID_GROUP_ID);
    const { sessionTimeoutMsMin, sessionTimeoutMsMax } = this.#options;
    if (sessionTimeoutMs < sessionTimeoutMsMin || sessionTimeoutMs > sessionTimeoutMsMax) {
      return fail(ErrorCode.INVALID_SESSION_TIMEOUT);
    }
    const known = this.#registry.get(groupId);
    if (known === undefined && memberId !== '') return fail(ErrorCode.UNKNOWN_MEMBER_ID);
    const group = known?.group ?? this.#registry.getOrCreate(groupId)?.group;
    if (group === undefined) return fail(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    return new Promise((reply) => group.join(request, reply));
  }

  sync(groupId: string, request: SyncRequest): Promise<SyncResponse> {
    if (groupId === '') return Promise.resolve(syncFailed(ErrorCode.INVALID_GROUP_ID));
    const group = this.#group(groupId);
    if (group === undefined) return Promise.resolve(syncFailed(ErrorCode.UNKNOWN_MEMBER_ID));
    return new Promise((reply) => group.sync(request, reply));
  }

  heartbeat(groupId: string, request: GenerationIdentity): ErrorCode {
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID;
    return this.#group(groupId)?.heartbeat(request) ?? ErrorCode.UNKNOWN_MEMBER_ID;
  }

  /** Removes members; one code for all, or one for each, in their order. */
  leave(groupId: string, members: readonly MemberIdentity[]): ErrorCode | readonly ErrorCode[] {
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID;
    const group = this.#group(groupId);
    return members.map((member) => group?.leave(member) ?? ErrorCode.UNKNOWN_MEMBER_ID);
  }

  /** Undefined for a group that does not exist. */
  describe(groupId: string): ReturnType<Group['describe']> | undefined {
    return this.#group(groupId)?.describe();
  }

  list(): GroupListing[] {
    return [...this.#registry.all()].map(({ group }) => ({
      groupId: group.groupId,
      protocolType: group.protocolType,
      phaseName: group.phaseName,
    }));
  }

  /** Deletes a group without members, with its offsets; answers when that is durable. */
  async delete(groupId: string): Promise<ErrorCode> {
    const group = this.#group(groupId);
    if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND;
    if (group.phaseName !== 'Empty') return ErrorCode.NON_EMPTY_GROUP;
    return this.#registry.delete(groupId).then(
      () => ErrorCode.NONE,
      () => ErrorCode.COORDINATOR_NOT_AVAILABLE,
    );
  }

  /** Makes every member of a group join again. For tests of clients, and for operators. */
  forceRebalance(groupId: string): void {
    this.#group(groupId)?.forceRebalance();
  }

  #group(groupId: string): Group | undefined {
    return this.#registry.get(groupId)?.group;
  }
}
