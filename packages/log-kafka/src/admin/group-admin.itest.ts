import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeGroupsV5, Writer } from '@platformatic/kafka';
import { writeAssignment, writeSubscription } from '../group/consumer-protocol.ts';
import { openKafkaLog } from '../kafka-log.ts';
import { ScriptedBroker } from '../scripted/scripted-broker.ts';

const topics = ['topic'];
const userData = Buffer.from('a name');
const metadata = writeSubscription(
  { userData, ownedPartitions: [], ownedGenerationId: -1 },
  topics,
);
const assignment = writeAssignment({ partitions: [3, 5], userData: Buffer.alloc(0) }, topics);

/** The answer of a broker about a group with one member: what it remembers of it, whatever the group's state. */
function groupAnswer(state: string): Writer {
  return Writer.create()
    .appendInt32(0)
    .appendArray([state], (group) => {
      group
        .appendInt16(0)
        .appendString('group')
        .appendString(state)
        .appendString('consumer')
        .appendString('assignor')
        .appendArray(['member'], (member, memberId) => {
          member.appendString(memberId).appendString(null).appendString('client');
          member.appendString('/127.0.0.1').appendBytes(metadata).appendBytes(assignment);
        })
        .appendInt32(0);
    })
    .appendTaggedFields();
}

for (const { state, name, partitions } of [
  { state: 'Stable', name: 'a name', partitions: [3, 5] },
  { state: 'PreparingRebalance', name: '', partitions: [] },
  { state: 'CompletingRebalance', name: '', partitions: [] },
]) {
  test(`of a group that is ${state}, members say ${partitions.length === 0 ? 'nothing' : 'what they have'}`, async () => {
    const broker = await ScriptedBroker.start();
    broker.on(describeGroupsV5.api.key, () => groupAnswer(state));
    const bootstrap = [{ host: '127.0.0.1', port: broker.port }];
    const log = openKafkaLog({ bootstrap, clientId: 'test', requestTimeoutMs: 2_000 });
    const group = await log.admin.describeGroup('group');
    await log.close();
    await broker.close();
    assert.equal(group.state, state);
    assert.deepEqual(
      group.members.map((member) => [
        member.memberId,
        Buffer.from(member.userData).toString(),
        [...member.partitions],
      ]),
      [['member', name, partitions]],
    );
  });
}
