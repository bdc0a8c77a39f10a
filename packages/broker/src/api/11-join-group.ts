/**
 * JoinGroup, versions 0 to 9.
 *
 * Answered when the group's round is complete, or at once as `docs/groups.md` says. From version 4 on a new dynamic member is
 * sent back for its id (KIP-394); from version 9 on a returning static leader may be told to skip the assignment.
 */
import { joinGroup } from '../wire/messages/11-join-group.ts';
import { on } from './handler.ts';

export const joinGroupHandler = on(joinGroup, async (request, { broker, connection, version }) => {
  const { groupId, memberId, groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs } = request;
  const response = await broker.groups.join(groupId, {
    memberId,
    groupInstanceId,
    clientId: connection.clientId,
    // As Java prints an address: tools show it like this.
    clientHost: `/${connection.clientHost}`,
    sessionTimeoutMs,
    // Version 0 carries none; -1 would end every round at once (KAFKA-8653).
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
    protocolType: request.protocolType,
    protocols: request.protocols,
    requiresMemberId: version >= 4,
    canSkipAssignment: version >= 9,
  });
  const none = version >= 7 ? null : '';
  return { ...response, protocolName: response.protocolName ?? none };
});
