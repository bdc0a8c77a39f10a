import assert from 'node:assert/strict';
import { CaseWorker, offsetOf, writeOf } from './case-worker.ts';
import { recordOf } from './contract-case.ts';
import type { ContractTest } from './contract-cluster.ts';

export function adminTests(test: ContractTest): void {
  test('topics are described in the order asked, and what does not exist is undefined', async (c) => {
    const [one, two] = [await c.topic({ partitionCount: 3 }), await c.topic()];
    const asked = [two.topic, c.name('nowhere'), one.topic];
    const described = await c.log.admin.describeTopics(asked);
    assert.deepEqual(
      described.map((found) => found && { ...found }),
      [two.description, undefined, one.description],
    );
    assert.equal(one.partitionCount, 3);
    assert.notEqual(one.topicId, two.topicId);
  });

  test('creating a topic that exists leaves it as it is', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const again = { topic: topic.topic, partitionCount: 5, replicationFactor: -1, configs: {} };
    const other = { ...again, topic: c.name('topic') };
    await c.log.admin.createTopics([again, other]);
    const created = await c.eventually(async () => {
      const [first, second] = await c.log.admin.describeTopics([topic.topic, other.topic]);
      return second && { first, second };
    });
    assert.deepEqual({ ...created.first }, topic.description);
    assert.equal(created.second.partitionCount, 5);
  });

  test('effective configurations are what was set, and the default of the rest', async (c) => {
    const configs = { 'retention.bytes': '-1', 'message.timestamp.type': 'LogAppendTime' };
    const { topic } = await c.topic({ configs: { ...configs, 'retention.ms': '86400000' } });
    const names = ['message.timestamp.type', 'retention.ms', 'cleanup.policy', 'retention.bytes'];
    assert.deepEqual(
      { ...(await c.log.admin.topicConfigs(topic, names)) },
      { ...configs, 'retention.ms': '86400000', 'cleanup.policy': 'delete' },
    );
    await assert.rejects(c.log.admin.topicConfigs(c.name('nowhere'), names), {
      code: 'unknown-topic',
    });
  });

  test('offsets are listed in the order asked: first, end, and by time', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const [at, empty] = [topic.at(0), topic.at(1)];
    const producer = c.log.openProducer();
    const baseMs = Date.now() - 10_000;
    for (let index = 0; index < 4; index += 1) {
      await producer.send(at, [{ ...recordOf(`${index}`), timestampMs: baseMs + index * 1_000 }]);
    }
    const spec = (timestampMs: number): { readonly timestampMs: number } => ({ timestampMs });
    const offsets = await c.log.admin.listOffsets([
      { ...at, at: 'latest' },
      { ...empty, at: 'latest' },
      { ...at, at: 'earliest' },
      { ...at, at: spec(baseMs + 2_000) },
      { ...at, at: spec(baseMs + 1_001) },
      { ...at, at: spec(baseMs - 1) },
      { ...at, at: spec(baseMs + 3_001) },
      { ...empty, at: spec(baseMs) },
    ]);
    assert.deepEqual([...offsets], [4, 0, 0, 2, 2, 0, 4, 0]);
    await c.cluster.deleteRecords({ ...at, offsetBefore: 2 });
    const after = await c.log.admin.listOffsets([
      { ...at, at: 'earliest' },
      { ...at, at: 'latest' },
    ]);
    assert.deepEqual([...after], [2, 4]);
  });

  test('the latest offset counts what is not committed yet', async (c) => {
    const at = (await c.topic()).at(0);
    const held = await c.holdTransaction();
    await held.write(at, [recordOf('a'), recordOf('b')]);
    const latest = { ...at, at: 'latest' as const };
    assert.deepEqual([...(await c.log.admin.listOffsets([latest]))], [2]);
    await held.end('commit');
    assert.deepEqual([...(await c.log.admin.listOffsets([latest]))], [3]);
  });

  test('listing offsets of a topic that does not exist rejects with unknown-topic', async (c) => {
    const nowhere = { topic: c.name('nowhere'), partition: 0, at: 'latest' as const };
    await assert.rejects(c.log.admin.listOffsets([nowhere]), { code: 'unknown-topic' });
  });

  test('committed offsets are undefined where there are none', async (c) => {
    const topic = await c.topic({ partitionCount: 3 });
    const worker = await CaseWorker.open(c, [topic]);
    await worker.committed({ offsets: [offsetOf(topic.at(1), 7, 'm')] });
    const { groupId } = worker;
    const partitions = [topic.at(2), topic.at(1), topic.at(0)];
    const committed = await c.eventually(() =>
      c.log.admin.committedOffsets({ groupId, partitions }),
    );
    assert.deepEqual(committed, [undefined, { offset: 7, metadata: 'm' }, undefined]);
    const none = await c.log.admin.committedOffsets({ groupId: c.name('group'), partitions });
    assert.deepEqual(none, [undefined, undefined, undefined]);
  });

  test('committed offsets that an open transaction is about to change are unstable', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const groupId = c.name('group');
    const offsetsOf = (partition: number): Promise<unknown> =>
      c.log.admin.committedOffsets({ groupId, partitions: [topic.at(partition)] });
    const held = await c.holdTransaction();
    const stage = (offset: number): Promise<void> =>
      held.stageOffsets({ groupId, offsets: [offsetOf(topic.at(0), offset, 'm')] });
    await stage(1);
    await assert.rejects(offsetsOf(0), { name: 'LogError', code: 'unstable-offsets' });
    assert.deepEqual(await offsetsOf(1), [undefined]);
    await held.end('commit');
    assert.deepEqual(await offsetsOf(0), [{ offset: 1, metadata: 'm' }]);
    await stage(2);
    await assert.rejects(offsetsOf(0), { code: 'unstable-offsets' });
    await held.end('abort');
    assert.deepEqual(await offsetsOf(0), [{ offset: 1, metadata: 'm' }]);
  });

  test('of two offsets the one that was sent later stays, whichever transaction ends first', async (c) => {
    const topic = await c.topic();
    const groupId = c.name('group');
    const [one, other] = [await c.holdTransaction(), await c.holdTransaction()];
    await one.stageOffsets({ groupId, offsets: [offsetOf(topic.at(0), 5, 'sent first')] });
    await other.stageOffsets({ groupId, offsets: [offsetOf(topic.at(0), 7, 'sent second')] });
    await other.end('commit');
    const partitions = [topic.at(0)];
    const committed = (): Promise<unknown> => c.log.admin.committedOffsets({ groupId, partitions });
    await assert.rejects(committed(), { code: 'unstable-offsets' });
    await one.end('commit');
    assert.deepEqual(await committed(), [{ offset: 7, metadata: 'sent second' }]);
  });

  test('offsets are reset while the group is empty, and refused while it is not', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const groupId = c.name('group');
    const { admin } = c.log;
    const reset = (offset: number): Promise<void> => {
      const offsets = topic.all().map((at) => ({ ...at, offset, metadata: 'by hand' }));
      return admin.resetOffsets({ groupId, offsets });
    };
    await reset(3);
    const worker = await CaseWorker.open(c, [topic], { groupId });
    await assert.rejects(reset(4), { name: 'LogError', code: 'refused' });
    const partitions = topic.all();
    const expected = partitions.map(() => ({ offset: 3, metadata: 'by hand' }));
    assert.deepEqual(await admin.committedOffsets({ groupId, partitions }), expected);
    await worker.member.leave();
    await reset(5);
    const [first] = await admin.committedOffsets({ groupId, partitions });
    assert.equal(first!.offset, 5);
  });

  test('ongoing transactional ids are found by their prefix', async (c) => {
    const at = (await c.topic()).at(0);
    const prefix = c.name('txn');
    const names = [`${prefix}-a`, `${prefix}-b`, `${prefix}-c`, c.name('txn')];
    const held = [];
    for (const transactionalId of names) held.push(await c.holdTransaction({ transactionalId }));
    const [a, b, , other] = held;
    for (const holder of [a!, b!, other!]) await holder.write(at, [recordOf('open')]);
    const ongoing = async (): Promise<string[]> =>
      [...(await c.log.admin.ongoingTransactionalIds(`${prefix}-`))].toSorted();
    assert.deepEqual(await ongoing(), [`${prefix}-a`, `${prefix}-b`]);
    await a!.end('commit');
    assert.deepEqual(await ongoing(), [`${prefix}-b`]);
    await b!.end('abort');
    assert.deepEqual(await ongoing(), []);
    await other!.end('abort');
  });

  test('a group that nobody has is dead', async (c) => {
    const described = await c.log.admin.describeGroup(c.name('group'));
    assert.deepEqual({ ...described }, { state: 'Dead', members: [] });
  });

  test('deleting a topic deletes what was committed for it', async (c) => {
    const before = await c.topic();
    const worker = await CaseWorker.open(c, [await c.topic()]);
    await worker.committed({ offsets: [offsetOf(before.at(0), 3)] });
    const { groupId } = worker;
    const { topic } = before;
    const partitions = [{ topic, partition: 0 }];
    await c.eventually(() => c.log.admin.committedOffsets({ groupId, partitions }));
    await c.cluster.deleteTopic(topic);
    await c.topic({ topic });
    await c.eventually(async () => {
      const [found] = await c.log.admin.committedOffsets({ groupId, partitions });
      return found === undefined ? true : undefined;
    });
  });

  test('closing a log closes what was opened from it', async (c) => {
    const topic = await c.topic();
    const log = c.openLog();
    const worker = await CaseWorker.open(c, [topic], { log });
    const { generation } = worker;
    const reader = c.openReader({}, log).add(topic.at(0));
    const producer = log.openProducer();
    await log.close();
    const writes = [writeOf(topic.at(0), 'never')];
    await assert.rejects(worker.commit({ writes, generation }), { code: 'closed' });
    await assert.rejects(async () => producer.send(topic.at(0), [recordOf('never')]), {
      code: 'closed',
    });
    await c.send(topic.at(0), 'other');
    await c.openReader().add(topic.at(0)).reached(topic.at(0), 1);
    assert.deepEqual(reader.batches, []);
  });

  test('a closed log rejects with closed, and closing it again does nothing', async (c) => {
    const log = c.openLog();
    await log.close();
    await log.close();
    await assert.rejects(log.admin.describeTopics([]), { code: 'closed' });
  });
}
