import type { ErrorCode } from '../wire/error-codes.ts';
import type { JoinRequest, JoinResponse, MemberProtocol, SyncResponse } from './group-messages.ts';
import { joinFailed, NO_BYTES, syncFailed } from './group-messages.ts';

/** One member of a group. A static member that comes back under a new id is a new object. */
export type Member = {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  clientId: string;
  clientHost: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  /** In the order of preference. */
  protocols: readonly MemberProtocol[];
  assignment: Uint8Array;
  /** Whether its first join has not been answered yet. */
  isNew: boolean;
  /** Answers the join that waits for the round to complete. */
  parkedJoin: ((response: JoinResponse) => void) | undefined;
  /** Answers the sync that waits for the leader's assignment. */
  parkedSync: ((response: SyncResponse) => void) | undefined;
};

/** A member that has not joined yet. Its bytes are copied: the request's are views into a frame. */
export function newMember(request: JoinRequest, memberId: string): Member {
  return {
    memberId,
    groupInstanceId: request.groupInstanceId,
    ...joinedProperties(request),
    assignment: NO_BYTES,
    isNew: true,
    parkedJoin: undefined,
    parkedSync: undefined,
  };
}

/** Takes over everything that a join may change. */
export function refreshMember(member: Member, request: JoinRequest): void {
  Object.assign(member, joinedProperties(request));
}

function joinedProperties(request: JoinRequest) {
  const { clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs } = request;
  return {
    clientId,
    clientHost,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    protocols: request.protocols.map(({ name, metadata }) => ({
      name,
      metadata: metadata.slice(),
    })),
  };
}

/** Whether the same protocols are offered in the same order with the same metadata. */
export function offersSame(member: Member, protocols: readonly MemberProtocol[]): boolean {
  return (
    member.protocols.length === protocols.length &&
    member.protocols.every(
      ({ name, metadata }, index) =>
        name === protocols[index]?.name &&
        Buffer.compare(metadata, protocols[index]?.metadata ?? NO_BYTES) === 0,
    )
  );
}

/** What the member said for this protocol, [] if it does not offer it. */
export function metadataFor(member: Member, protocolName: string | null): Uint8Array {
  return member.protocols.find(({ name }) => name === protocolName)?.metadata ?? NO_BYTES;
}

/** Answers what is parked on the member, if anything is, with an error. */
export function answerParked(member: Member, errorCode: ErrorCode): void {
  const { parkedJoin, parkedSync } = member;
  member.parkedJoin = undefined;
  member.parkedSync = undefined;
  parkedJoin?.(joinFailed(errorCode, member.memberId));
  parkedSync?.(syncFailed(errorCode));
}
