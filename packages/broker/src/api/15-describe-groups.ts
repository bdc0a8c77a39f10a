/**
 * DescribeGroups, versions 0 to 6.
 *
 * Members' metadata and assignments are given while the group is Stable. An unknown group is Dead without an error, from
 * version 6 on GROUP_ID_NOT_FOUND. Authorized operations are not reported.
 */
import { ErrorCode } from '../wire/error-codes.ts';
import { describeGroups } from '../wire/messages/15-describe-groups.ts';
import { on } from './handler.ts';

export const describeGroupsHandler = on(describeGroups, ({ groups }, { broker, version }) => ({
  groups: groups.map((groupId) => {
    const group = broker.groups.describe(groupId);
    if (group === undefined) return unknownGroup(groupId, version);
    return {
      errorCode: ErrorCode.NONE,
      groupId,
      groupState: group.phaseName,
      protocolType: group.protocolType,
      protocolData: group.protocolName,
      members: group.members.map(({ metadata, assignment, ...member }) => ({
        ...member,
        memberMetadata: metadata,
        memberAssignment: assignment,
      })),
    };
  }),
}));

function unknownGroup(groupId: string, version: number) {
  const isError = version >= 6;
  return {
    errorCode: isError ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE,
    errorMessage: isError ? `Group ${groupId} not found.` : null,
    groupId,
    groupState: 'Dead',
    protocolType: '',
    protocolData: '',
    members: [],
  };
}
