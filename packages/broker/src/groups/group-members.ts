import { assert } from '@chat-cluster/kernel';
import { ErrorCode } from '../wire/error-codes.ts';
import type { JoinResponse, MemberIdentity } from './group-messages.ts';
import { metadataFor, type Member } from './member.ts';

/** The members of a group, those that are expected, and what they have in common. */
export class GroupMembers {
  /** In the order in which they came. */
  readonly #byId = new Map<string, Member>();
  readonly #idByInstance = new Map<string, string>();
  /** Ids that were given with MEMBER_ID_REQUIRED and have not been used yet. */
  readonly pending = new Set<string>();

  get count(): number {
    return this.#byId.size;
  }

  [Symbol.iterator](): IterableIterator<Member> {
    return this.#byId.values();
  }

  get(memberId: string): Member | undefined {
    return this.#byId.get(memberId);
  }

  /** The member id behind a static member's name. */
  idOfInstance(groupInstanceId: string): string | undefined {
    return this.#idByInstance.get(groupInstanceId);
  }

  /** The member behind an identity, or why there is none. */
  identify({ memberId, groupInstanceId }: MemberIdentity): Member | ErrorCode {
    if (groupInstanceId !== null) {
      const currentId = this.idOfInstance(groupInstanceId);
      if (currentId === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      if (currentId !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    }
    return this.get(memberId) ?? ErrorCode.UNKNOWN_MEMBER_ID;
  }

  add(member: Member): void {
    assert(!this.#byId.has(member.memberId), 'A member is added once.');
    this.pending.delete(member.memberId);
    this.#byId.set(member.memberId, member);
    if (member.groupInstanceId !== null) {
      assert(!this.#idByInstance.has(member.groupInstanceId), 'An instance id has one member.');
      this.#idByInstance.set(member.groupInstanceId, member.memberId);
    }
  }

  delete(member: Member): void {
    const existed = this.#byId.delete(member.memberId);
    assert(existed, 'Only a member can be deleted.');
    if (member.groupInstanceId !== null) this.#idByInstance.delete(member.groupInstanceId);
  }

  first(where: (member: Member) => boolean = () => true): Member | undefined {
    for (const member of this.#byId.values()) if (where(member)) return member;
    return undefined;
  }

  every(condition: (member: Member) => boolean): boolean {
    for (const member of this.#byId.values()) if (!condition(member)) return false;
    return true;
  }

  /** How long a round waits: as long as its most patient member allows. */
  rebalanceTimeoutMsMax(): number {
    let longestMs = 0;
    for (const { rebalanceTimeoutMs } of this) longestMs = Math.max(longestMs, rebalanceTimeoutMs);
    return longestMs;
  }

  /** What all members say for a protocol, as the leader gets it. */
  metadataFor(protocolName: string | null): JoinResponse['members'] {
    return [...this].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: metadataFor(member, protocolName),
    }));
  }

  /** Names of the protocols that every member offers. */
  commonProtocols(): Set<string> {
    const countByName = new Map<string, number>();
    for (const { protocols } of this) {
      for (const name of new Set(protocols.map((protocol) => protocol.name))) {
        countByName.set(name, (countByName.get(name) ?? 0) + 1);
      }
    }
    const isCommon = ([, count]: [string, number]) => count === this.count;
    return new Set([...countByName].filter(isCommon).map(([name]) => name));
  }

  /**
   * The protocol that most members like best among those that all offer; of a draw, the one whose
   * first voter came first.
   */
  electedProtocol(): string {
    const common = this.commonProtocols();
    const votes = new Map<string, number>();
    for (const { protocols } of this) {
      const favourite = protocols.find(({ name }) => common.has(name));
      assert(favourite, 'All members of a group have a protocol in common.');
      votes.set(favourite.name, (votes.get(favourite.name) ?? 0) + 1);
    }
    const countMax = Math.max(...votes.values());
    const elected = [...votes].find(([, count]) => count === countMax);
    assert(elected, 'A group that elects a protocol has members.');
    return elected[0];
  }
}
