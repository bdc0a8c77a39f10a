import { assert } from '@chat-cluster/kernel';
import type { Assignor } from '@chat-cluster/log';
import { readSubscription, writeAssignment } from './consumer-protocol.ts';
import type { JoinAnswer, SyncRequest } from './group-requests.ts';

/** The leader's part of a generation: what SyncGroup says about each member. */
export function assignAsLeader(
  joined: JoinAnswer,
  options: { readonly assignor: Assignor; readonly topics: readonly string[] },
): SyncRequest['assignments'] {
  const members = joined.members.map(({ memberId, metadata }) => ({
    memberId,
    ...readSubscription(metadata),
  }));
  const assignments = options.assignor(members);
  return members.map(({ memberId }) => {
    const assignment = assignments.get(memberId);
    assert(assignment, 'An assignor gives every member something, if only nothing.');
    return { memberId, assignment: writeAssignment(assignment, options.topics) };
  });
}
