import assert from 'node:assert/strict';
import { assertAborted, CaseWorker, offsetOf, writeOf } from './case-worker.ts';
import { recordOf, textOf } from './contract-case.ts';
import type { ContractTest } from './contract-cluster.ts';

export function fencingTests(test: ContractTest): void {
  test('who opens a transactional id fences the one that held it', async (c) => {
    const topic = await c.topic();
    const first = await CaseWorker.open(c, [topic]);
    await first.committed({ writes: [writeOf(topic.at(0), 'of the first')] });
    const { transactionalId } = first;
    const second = await CaseWorker.open(c, [topic], { transactionalId });
    const writes = [writeOf(topic.at(0), 'too late')];
    const offsets = [offsetOf(topic.at(0), 1)];
    assert.equal((await first.commit({ writes, offsets })).outcome, 'fenced');
    await second.committed({ writes: [writeOf(topic.at(0), 'of the second')] });
    assert.equal((await first.commit({ writes })).outcome, 'fenced');
    await second.committed({ writes: [writeOf(topic.at(0), 'and again')] });
    const reader = c.openReader().add(topic.at(0));
    await reader.until(() => reader.records().length >= 3);
    const expected = ['of the first', 'of the second', 'and again'];
    assert.deepEqual(reader.records().map(textOf), expected);
  });

  test('a process that starts again with its transactional id goes on, as often as it likes', async (c) => {
    const topic = await c.topic();
    const transactionalId = c.name('txn');
    for (let count = 0; count < 4; count += 1) {
      const worker = await CaseWorker.open(c, [topic], { transactionalId });
      await worker.committed({ writes: [writeOf(topic.at(0), `${count}`)] });
      await worker.member.leave();
    }
    const reader = c.openReader().add(topic.at(0));
    await reader.until(() => reader.records().length >= 4);
    assert.deepEqual(reader.records().map(textOf), ['0', '1', '2', '3']);
  });

  test('taking an id over aborts what was open, before it is resolved', async (c) => {
    const topic = await c.topic();
    const transactionalId = c.name('txn');
    const openId = c.cluster.transactionalIdsOf(transactionalId).at(-1)!;
    const held = await c.holdTransaction({ transactionalId: openId });
    await held.write(topic.at(0), [recordOf('open')]);
    await CaseWorker.open(c, [topic], { transactionalId });
    await c.send(topic.at(0), 'after');
    const reader = c.openReader().add(topic.at(0));
    await reader.until(() => reader.records().length > 0);
    assert.deepEqual(reader.records().map(textOf), ['after']);
    await assert.rejects(held.end('commit'));
  });

  test('fence() of an open transaction lets readers go on, and its holder is refused', async (c) => {
    const topic = await c.topic();
    const transactionalId = c.name('txn');
    const groupId = c.name('group');
    const held = await c.holdTransaction({ transactionalId });
    await held.write(topic.at(0), [recordOf('open')]);
    await held.stageOffsets({ groupId, offsets: [offsetOf(topic.at(0), 1)] });
    await c.send(topic.at(0), 'after');
    const reader = c.openReader().add(topic.at(0));
    const { admin } = c.openLog();
    await admin.fence(transactionalId);
    assert.deepEqual(await admin.ongoingTransactionalIds(transactionalId), []);
    await reader.reached(topic.at(0), 3);
    assert.deepEqual(reader.records().map(textOf), ['after']);
    const partitions = [topic.at(0)];
    assert.deepEqual(await admin.committedOffsets({ groupId, partitions }), [undefined]);
    await assert.rejects(held.end('commit'));
  });

  test('fence() fences an idle producer too, may be repeated, and takes an id that nobody had', async (c) => {
    const topic = await c.topic();
    const worker = await CaseWorker.open(c, [topic]);
    const { admin } = c.openLog();
    for (const id of c.cluster.transactionalIdsOf(worker.transactionalId)) {
      await admin.fence(id);
      await admin.fence(id);
    }
    const result = await worker.commit({ writes: [writeOf(topic.at(0), 'too late')] });
    assert.equal(result.outcome, 'fenced');
    await admin.fence(c.name('txn'));
  });

  test('a transaction that is open for too long is aborted, and readers go on', async (c) => {
    const topic = await c.topic();
    const held = await c.holdTransaction({ transactionTimeoutMs: 1_000 });
    await held.write(topic.at(0), [recordOf('open')]);
    await c.send(topic.at(0), 'after');
    const reader = c.openReader().add(topic.at(0));
    await reader.reached(topic.at(0), 3);
    assert.deepEqual(reader.records().map(textOf), ['after']);
    await assert.rejects(held.end('commit'));
  });

  test('an aborted transaction does not stop the next one of the same producer', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const worker = await CaseWorker.open(c, [topic]);
    const nobody = { generationId: 1, memberId: 'nobody' };
    for (let round = 0; round < 5; round += 1) {
      const writes = topic.all().map((at) => writeOf(at, `${round}`));
      const offsets = topic.all().map((at) => offsetOf(at, round));
      assertAborted(await worker.commit({ writes, offsets, generation: nobody }), 'not-a-member');
      await worker.committed({ writes, offsets });
    }
    const reader = c.openReader().add(topic.at(0));
    await reader.until(() => reader.records().length >= 5);
    assert.deepEqual(reader.records().map(textOf), ['0', '1', '2', '3', '4']);
  });
}
