import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openBroker } from '../api/broker-harness.ts';
import type { WireClient } from '../server/wire-client.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import {
  describeGroups,
  heartbeat,
  joinGroup,
  leaveGroup,
  listGroups,
  syncGroup,
} from '../wire/messages/index.ts';
import { subscriptionOf } from './group-harness.ts';

const GROUP = {
  ...{ groupId: 'group', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 },
  ...{ memberId: '', protocolType: 'consumer' },
  protocols: [{ name: 'range', metadata: subscriptionOf(['topic']) }],
};

/** Joins as version 3 does, which sends nobody back for an id. */
function join(client: WireClient, of: Partial<typeof GROUP> = {}) {
  return client.call(joinGroup, 3, { ...GROUP, ...of });
}

describe('groups over the wire', () => {
  test('a hundred groups that begin at once are all stable', async (context) => {
    const { connect } = await openBroker(context);
    const settle = async (groupId: string) => {
      const client = await connect();
      const { memberId, generationId } = await join(client, { groupId });
      const assignments = [{ memberId, assignment: Buffer.from(groupId) }];
      const request = { groupId, memberId, generationId, assignments };
      return Buffer.from((await client.call(syncGroup, 2, request)).assignment).toString();
    };
    const ids = Array.from({ length: 100 }, (_, index) => `group ${index}`);
    assert.deepEqual(await Promise.all(ids.map(settle)), ids);
    const client = await connect();
    const { groups } = await client.call(listGroups, 4, {
      ...{ statesFilter: ['stable'], typesFilter: [] },
    });
    assert.equal(groups.length, ids.length);
    const none = await client.call(listGroups, 5, { statesFilter: [], typesFilter: ['share'] });
    assert.deepEqual(none.groups, []);
  });

  test('a description shows who is in the group, and what each has', async (context) => {
    const { client } = await openBroker(context);
    const { memberId, generationId } = await join(client);
    const assignments = [{ memberId, assignment: Buffer.from('share') }];
    await client.call(syncGroup, 2, { groupId: 'group', memberId, generationId, assignments });
    const request = { groups: ['group', 'unknown'], includeAuthorizedOperations: false };
    const [found, unknown] = (await client.call(describeGroups, 4, request)).groups;
    assert.equal(found?.groupState, 'Stable');
    assert.equal(found?.protocolData, 'range');
    const [member] = found?.members ?? [];
    assert.equal(member?.memberId, memberId);
    assert.equal(member?.clientId, 'test');
    assert.equal(member?.clientHost, '/127.0.0.1');
    assert.equal(Buffer.from(member?.memberAssignment ?? []).toString(), 'share');
    assert.equal(unknown?.groupState, 'Dead');
    assert.equal(unknown?.errorCode, ErrorCode.NONE);
    const missing = (await client.call(describeGroups, 6, request)).groups[1];
    assert.equal(missing?.errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
  });

  test('a member is removed by whoever knows its id, and hears of it', async (context) => {
    const { client, connect } = await openBroker(context);
    const { memberId, generationId } = await join(client);
    const other = await connect();
    const members = [{ memberId }, { memberId: 'nobody' }];
    const answer = await other.call(leaveGroup, 3, { groupId: 'group', members });
    assert.deepEqual(
      answer.members.map(({ errorCode }) => errorCode),
      [ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID],
    );
    const beat = await client.call(heartbeat, 2, { groupId: 'group', memberId, generationId });
    assert.equal(beat.errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
  });

  test('old versions are answered in their own way', async (context) => {
    const { client } = await openBroker(context);
    const first = await client.call(joinGroup, 0, { ...GROUP, rebalanceTimeoutMs: -1 });
    assert.equal(first.errorCode, ErrorCode.NONE);
    const failed = await client.call(joinGroup, 0, { ...GROUP, memberId: 'nobody' });
    assert.equal(failed.errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
    assert.equal(failed.protocolName, '');
    const { memberId } = first;
    const left = await client.call(leaveGroup, 1, { groupId: 'group', memberId, members: [] });
    assert.equal(left.errorCode, ErrorCode.NONE);
    const again = await client.call(leaveGroup, 1, { groupId: 'group', memberId, members: [] });
    assert.equal(again.errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
  });

  test('a broker that is closed keeps nobody waiting', async (context) => {
    const { broker, client, connect } = await openBroker(context);
    await join(client);
    const parked = join(await connect());
    parked.catch(() => {});
    await broker.close();
    await Promise.allSettled([parked]);
  });
});
