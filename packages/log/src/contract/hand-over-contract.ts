import assert from 'node:assert/strict';
import type { CaseMember } from './case-member.ts';
import { assertAborted, CaseWorker, offsetOf, writeOf } from './case-worker.ts';
import type { ContractTest } from './contract-cluster.ts';
import { groupOptions } from './group-contract.ts';

export function handOverTests(test: ContractTest): void {
  test('what a member still owns stays with it until it has given it up', async (c) => {
    const options = await groupOptions(c, 4);
    const one = c.openMember({ ...options, name: 'one' });
    await one.start();
    await one.owns(0, 1, 2, 3);
    const two = c.openMember({ ...options, name: 'two' });
    await two.start();
    await Promise.all([one.owns(0, 1), two.owns(2, 3)]);
    const three = c.openMember({ ...options, name: 'three' });
    await three.start();
    await Promise.all([one.owns(0, 1), three.owns(2), two.owns(3)]);
    assertNeverShared([one, two, three]);
    assert.ok([one, two, three].every(({ lost }) => lost.length === 0));
  });

  test('JoinGroup is not sent before the promise of beforeJoin has settled', async (c) => {
    const options = await groupOptions(c, 2);
    const gate = Promise.withResolvers<void>();
    let isHeld = false;
    const one = c.openMember({
      ...options,
      name: 'one',
      beforeJoin: () => (isHeld ? gate.promise : Promise.resolve()),
    });
    await one.start();
    isHeld = true;
    const two = c.openMember({ ...options, name: 'two' });
    const starting = two.start();
    await one.until(() => one.joinCount === 2);
    const generation = one.member.current()!;
    for (let count = 0; count < 3; count += 1) {
      await one.member.confirm(); // heartbeats go on, and the generation still holds
      const { state, members } = await c.log.admin.describeGroup(options.groupId);
      assert.equal(state, 'PreparingRebalance');
      assert.ok(members.every(({ partitions }) => partitions.length === 0));
    }
    assert.deepEqual(one.member.current(), generation);
    assert.equal(two.assigned.length, 0);
    gate.resolve();
    await starting;
    await Promise.all([one.owns(0), two.owns(1)]);
  });

  test('a rebalance leaves the old generation valid until the join phase is over', async (c) => {
    const options = await groupOptions(c, 1);
    const topic = await c.topic();
    const gate = Promise.withResolvers<void>();
    let isHeld = false;
    const one = c.openMember({
      ...options,
      name: 'one',
      beforeJoin: () => (isHeld ? gate.promise : Promise.resolve()),
    });
    await one.start();
    const generation = one.member.current()!;
    const transactionalId = c.name('txn');
    const producer = await c.log.openTransactionalProducer({ transactionalId });
    const { groupId } = options;
    const transaction = (offset: number): Parameters<typeof producer.commit>[0] => ({
      groupId,
      generation,
      writes: [writeOf(topic.at(0), `${offset}`)],
      offsets: [offsetOf(topic.at(0), offset)],
    });
    isHeld = true;
    const two = c.openMember({ ...options, name: 'two' });
    const starting = two.start();
    await one.until(() => one.joinCount === 2);
    assert.equal((await c.log.admin.describeGroup(groupId)).state, 'PreparingRebalance');
    assert.equal((await producer.commit(transaction(1))).outcome, 'committed');
    gate.resolve();
    await starting;
    await one.until(() => one.assigned.length >= 2);
    assertAborted(await producer.commit(transaction(2)), 'not-a-member');
    const partitions = [topic.at(0)];
    const committed = await c.eventually(() =>
      c.log.admin.committedOffsets({ groupId, partitions }),
    );
    assert.equal(committed[0]!.offset, 1);
  });

  test('the new generation is valid for all members, however many rounds it took', async (c) => {
    const options = await groupOptions(c, 4);
    const topic = await c.topic({ partitionCount: 4 });
    const members = ['one', 'two', 'three'].map((name) => c.openMember({ ...options, name }));
    await Promise.all(members.map((member) => member.start()));
    await Promise.all([members[0]!.owns(0, 1), members[2]!.owns(2), members[1]!.owns(3)]);
    // One may own its part in a generation that another has not heard of, or that is not the last.
    await c.eventually(() => {
      const ids = members.map(({ member }) => member.current()?.generationId);
      return ids.every((id) => id !== undefined && id === ids[0]) || undefined;
    });
    for (const [index, { member }] of members.entries()) {
      const producer = await c.log.openTransactionalProducer({ transactionalId: c.name('txn') });
      const { outcome } = await producer.commit({
        groupId: options.groupId,
        generation: member.current()!,
        writes: [],
        offsets: [offsetOf(topic.at(index), 1)],
      });
      assert.equal(outcome, 'committed');
    }
  });

  test('who leaves is not waited for', async (c) => {
    const options = await groupOptions(c, 4);
    const [one, two] = [
      c.openMember({ ...options, name: 'one' }),
      c.openMember({ ...options, name: 'two' }),
    ];
    await Promise.all([one.start(), two.start()]);
    await Promise.all([one.owns(0, 1), two.owns(2, 3)]);
    await one.leave();
    await one.leave();
    assert.equal(one.member.current(), undefined);
    assert.equal(one.member.lastConfirmedMs(), -Infinity);
    await two.owns(0, 1, 2, 3); // the session of the other would outlast the test
    assert.deepEqual(one.lost, []);
  });

  test('who is gone without a word is out when its session is over', async (c) => {
    const options = {
      ...(await groupOptions(c, 4)),
      sessionTimeoutMs: c.cluster.sessionTimeoutMsMin,
    };
    const [one, two] = [
      c.openMember({ ...options, name: 'one' }),
      c.openMember({ ...options, name: 'two' }),
    ];
    await Promise.all([one.start(), two.start()]);
    await Promise.all([one.owns(0, 1), two.owns(2, 3)]);
    one.member.abandon();
    one.member.abandon();
    assert.equal(one.member.current(), undefined);
    assert.equal(one.member.lastConfirmedMs(), -Infinity);
    const { members } = await c.log.admin.describeGroup(options.groupId);
    assert.equal(members.length, 2, 'The group does not know yet.');
    await two.owns(0, 1, 2, 3);
    assert.deepEqual(two.lost, []);
  });

  test('who does not join again in time is out, and hears of it', async (c) => {
    const rebalanceTimeoutMs = c.cluster.sessionTimeoutMsMin;
    const options = { ...(await groupOptions(c, 2)), rebalanceTimeoutMs };
    const gate = Promise.withResolvers<void>();
    let isHeld = false;
    const slow = c.openMember({
      ...options,
      name: 'slow',
      beforeJoin: () => (isHeld ? gate.promise : Promise.resolve()),
    });
    await slow.start();
    isHeld = true;
    const two = c.openMember({ ...options, name: 'two' });
    await two.start();
    await two.owns(0, 1);
    await slow.until(() => slow.lost.length === 1);
    assert.equal(slow.member.current(), undefined);
    isHeld = false;
    gate.resolve();
    await Promise.all([slow.owns(0), two.owns(1)]);
  });

  test('offsets survive that everybody leaves, and the next member finds them', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const first = await CaseWorker.open(c, [topic]);
    await first.committed({ offsets: topic.all().map((at) => offsetOf(at, 5, 'kept')) });
    await first.member.leave();
    const second = await CaseWorker.open(c, [topic], { groupId: first.groupId });
    assert.ok(second.generation.generationId > 0);
    const { groupId } = first;
    const partitions = topic.all();
    const committed = await c.log.admin.committedOffsets({ groupId, partitions });
    assert.deepEqual(
      committed,
      partitions.map(() => ({ offset: 5, metadata: 'kept' })),
    );
  });
}

/** In no generation two members had the same partition, and none got one that another had not given up before. */
function assertNeverShared(members: readonly CaseMember[]): void {
  const owners = new Map<string, CaseMember>();
  for (const member of members) {
    for (const { generation, partitions } of member.assigned) {
      for (const partition of partitions) {
        const key = `${generation.generationId}/${partition}`;
        assert.ok(!owners.has(key), `Generation/partition ${key} has two owners.`);
        owners.set(key, member);
      }
    }
  }
}
