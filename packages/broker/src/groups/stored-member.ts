import type { StoredMember } from './group-change.ts';
import type { Member } from './member.ts';

/** A member as the journal keeps it. */
export function storeMember(member: Member): StoredMember {
  const { memberId, groupInstanceId, clientId, clientHost } = member;
  const { sessionTimeoutMs, rebalanceTimeoutMs, protocols, assignment } = member;
  return {
    memberId,
    groupInstanceId,
    clientId,
    clientHost,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    protocols: protocols.map(({ name, metadata }) => ({ name, metadata: toBase64(metadata) })),
    assignment: toBase64(assignment),
  };
}

/** A member as it was stored, with nothing parked. */
export function restoreMember(stored: StoredMember): Member {
  return {
    ...stored,
    protocols: stored.protocols.map(({ name, metadata }) => ({
      name,
      metadata: Buffer.from(metadata, 'base64'),
    })),
    assignment: Buffer.from(stored.assignment, 'base64'),
    isNew: false,
    parkedJoin: undefined,
    parkedSync: undefined,
  };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
