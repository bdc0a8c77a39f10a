import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '@chat-cluster/kernel';
import { LogError, type Transaction } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import type { BrokerConnections } from '../connections/broker-connections.ts';
import type { Cluster } from '../connections/cluster.ts';
import type { TransactionLane } from './transaction-lane.ts';
import { TransactionOffsets } from './transaction-offsets.ts';

const TRANSACTION: Transaction = {
  writes: [],
  groupId: 'chat',
  generation: { memberId: 'm1', generationId: 1 },
  offsets: [{ topic: 'in', partition: 0, offsetNext: 1, metadata: '' }],
};

test('where the coordinator of the group cannot be reached, the next transaction asks who it is', async () => {
  const forgotten: string[] = [];
  const cluster = {
    coordinatorOf: async () => ({ nodeId: 3, host: 'dead', port: 1 }),
    forgetCoordinator: (kind: string, key: string) => forgotten.push(`${kind} ${key}`),
  };
  const connections = {
    get: () => Promise.reject(new LogError('unavailable', 'Connection refused.')),
  };
  const timers = new ManualTimers();
  const offsets = new TransactionOffsets({
    context: { clock: timers.clock, timers } as unknown as AdapterContext,
    cluster: cluster as unknown as Cluster,
    connections: connections as unknown as BrokerConnections,
  });
  const lane = {} as unknown as TransactionLane;
  const fault = await offsets.send(lane, TRANSACTION);
  assert.equal(fault?.reason, 'unavailable');
  assert.equal(fault?.mustBump, true);
  assert.deepEqual(forgotten, ['group chat']);
});
