import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemoryApi } from '@chat-cluster/log';
import { EngineHarness } from './engine-harness.ts';

const GROUP = 'counters';

/** The requests of a client, by the beginning of its name, as they are sent. */
function requestsOf(harness: EngineHarness, name: string): MemoryApi[] {
  const apis: MemoryApi[] = [];
  harness.broker.network.faults = {
    decide: ({ api, client }) => {
      if (client.startsWith(name)) apis.push(api);
      return { kind: 'pass' };
    },
  };
  return apis;
}

async function removeMembers(harness: EngineHarness): Promise<void> {
  const { admin } = harness.outside;
  const { members } = await harness.settle(admin.describeGroup(GROUP));
  for (const { memberId } of members) {
    const reason = 'its process is dead';
    await harness.settle(admin.removeMember({ groupId: GROUP, memberId, reason }));
  }
}

test('a worker has its producer id before it joins the group', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const apis = requestsOf(harness, 'a');
  await harness.startNode('a');
  assert.ok(apis.includes('InitProducerId'));
  assert.ok(apis.indexOf('InitProducerId') < apis.indexOf('JoinGroup'));
});

for (const dies of ['before its first offsets are committed', 'before its inputs are listed']) {
  test(`a node that dies ${dies} leaves a shard that begins at the start`, async () => {
    const harness = new EngineHarness({ partitionCount: 1 });
    let isEnding = false;
    harness.broker.network.faults = {
      decide: ({ api, client }) => {
        if (api !== 'EndTxn' || !client.startsWith('a')) return { kind: 'pass' };
        isEnding = true;
        harness.journalFaults.isDown = true;
        return dies.includes('offsets') ? { kind: 'drop-request' } : { kind: 'pass' };
      },
    };
    await harness.add('x', [1]);
    const first = await harness.startNode('a');
    await harness.until(() => isEnding, 'the first offsets on their way');
    await harness.pass(500);
    first.die();
    harness.broker.network.faults = { decide: () => ({ kind: 'pass' }) };
    harness.journalFaults.heal();
    await removeMembers(harness);
    const second = await harness.startNode('b');
    await harness.untilTotals(1);
    assert.deepEqual(second.worker().troubles(), []);
  });
}

test('a worker that stops while offsets are pending asks for them no more', async () => {
  const markerDelayMs = (place: string): number => (place.startsWith('group') ? 5_000 : 0);
  const harness = new EngineHarness({ partitionCount: 1, broker: { markerDelayMs } });
  const first = await harness.startNode('a');
  await harness.until(() => first.worker().shards()[0]?.phase === 'running', 'a running shard');
  await harness.pass(6_000);
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  first.die();
  await removeMembers(harness);
  const second = await harness.startNode('b');
  const apis = requestsOf(harness, 'b');
  await harness.until(() => apis.includes('OffsetFetch'), 'a shard that is being taken over');
  await harness.settle(second.worker().stop());
  apis.length = 0;
  await harness.pass(500);
  assert.deepEqual(apis, []);
});

test('positions past what was aborted are committed too, before retention passes them', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  const producer = await harness.settle(
    harness.outside.openTransactionalProducer({ transactionalId: 'somebody' }),
  );
  const aborting = new AbortController();
  harness.broker.network.faults = {
    decide: ({ api, client }) => {
      if (api === 'Produce' && client === 'outside') aborting.abort();
      return { kind: 'pass' };
    },
  };
  const records = [{ key: null, value: Buffer.from('never'), headers: [] }];
  const nobody = { memberId: '', generationId: -1 };
  const transaction = {
    writes: [{ topic: 'add', partition: 0, records }],
    ...{ groupId: GROUP, generation: nobody, offsets: [] },
  };
  const { outcome } = await harness.settle(producer.commit(transaction, aborting.signal));
  assert.equal(outcome, 'aborted');
  await harness.pass(10_000);
  const [committed] = await harness.settle(
    harness.outside.admin.committedOffsets({
      groupId: GROUP,
      partitions: [{ topic: 'add', partition: 0 }],
    }),
  );
  assert.equal(committed?.offset, 3);
});
