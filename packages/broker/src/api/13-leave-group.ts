/**
 * LeaveGroup, versions 0 to 5; several members from version 3 on.
 *
 * Whoever knows a member's id, or a static member's instance id, may remove it.
 */
import { ErrorCode } from '../wire/error-codes.ts';
import { leaveGroup } from '../wire/messages/13-leave-group.ts';
import { on } from './handler.ts';

export const leaveGroupHandler = on(leaveGroup, (request, { broker, version }) => {
  const { groupId, memberId, members } = request;
  const leaving = version < 3 ? [{ memberId, groupInstanceId: null }] : members;
  const result = broker.groups.leave(groupId, leaving);
  if (typeof result === 'number') return { errorCode: result, members: [] };
  if (version < 3) return { errorCode: result[0] ?? ErrorCode.NONE, members: [] };
  return {
    errorCode: ErrorCode.NONE,
    members: leaving.map((member, index) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      errorCode: result[index] ?? ErrorCode.NONE,
    })),
  };
});
