import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinGroupV9, type Reader } from '@platformatic/kafka';
import { openKafkaLog } from '../kafka-log.ts';
import { ScriptedBroker } from '../scripted/scripted-broker.ts';

test('a member asks for a session of six seconds, and for rebalances that wait no longer', async (t) => {
  const broker = await ScriptedBroker.start();
  const asked = Promise.withResolvers<Reader>();
  broker.on(joinGroupV9.api.key, ({ body }) => {
    asked.resolve(body);
    return 'lose';
  });
  const bootstrap = [{ host: '127.0.0.1', port: broker.port }];
  const log = openKafkaLog({ bootstrap, clientId: 'test', requestTimeoutMs: 2_000 });
  const member = log.openGroupMember({
    groupId: 'group',
    topics: ['topic'],
    protocolName: 'protocol',
    userData: Buffer.from('me'),
    assignor: () => new Map(),
  });
  const started = member.start({
    beforeJoin: () => Promise.resolve([]),
    onAssigned: () => undefined,
    onLost: () => undefined,
    onFatal: () => undefined,
  });
  t.after(async () => {
    await log.close();
    await assert.rejects(started);
    await broker.close();
  });
  const request = await asked.promise;
  assert.equal(request.readString(), 'group');
  assert.deepEqual([request.readInt32(), request.readInt32()], [6_000, 6_000]);
});
