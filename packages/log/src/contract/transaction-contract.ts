import assert from 'node:assert/strict';
import { assertAborted, CaseWorker, offsetOf, writeOf } from './case-worker.ts';
import { longText, recordOf, textOf, type CaseTopic, type ContractCase } from './contract-case.ts';
import type { ContractTest } from './contract-cluster.ts';

export function transactionTests(test: ContractTest): void {
  test('writes to many partitions and many offsets are committed together, none is lost', async (c) => {
    const inputs = [await c.topic({ partitionCount: 12 }), await c.topic({ partitionCount: 12 })];
    const output = await c.topic({ partitionCount: 12 });
    const worker = await CaseWorker.open(c, inputs);
    const ends = inputs.flatMap((input) => input.all());
    let last = output.all().map(() => -1);
    for (let round = 0; round < 3; round += 1) {
      const baseOffsets = await worker.committed({
        writes: output.all().map((at) => writeOf(at, `${round} a`, `${round} b`)),
        offsets: ends.map((at) => offsetOf(at, round * 100 + at.partition, `${at.topic} ${round}`)),
      });
      assert.ok(baseOffsets.every((offset, index) => offset > last[index]!));
      last = [...baseOffsets];
    }
    const committed = await committedOf(c, worker, ends);
    const expected = ends.map(({ topic, partition }) => ({
      offset: 200 + partition,
      metadata: `${topic} 2`,
    }));
    assert.deepEqual(committed, expected);
    const reader = c.openReader();
    for (const at of output.all()) reader.add(at);
    for (const at of output.all()) {
      await reader.reached(at, 9);
      assert.deepEqual(reader.records(at).map(textOf), ['0 a', '0 b', '1 a', '1 b', '2 a', '2 b']);
    }
  });

  test('many transactions one after the other keep their order', async (c) => {
    const topic = await c.topic({ partitionCount: 2 });
    const worker = await CaseWorker.open(c, [topic]);
    const reader = c.openReader().add(topic.at(1));
    const texts = Array.from({ length: 40 }, (_, index) => `${index}`);
    let last = -1;
    for (const [index, text] of texts.entries()) {
      const [baseOffset] = await worker.committed({
        writes: [writeOf(topic.at(1), text)],
        offsets: [offsetOf(topic.at(0), index + 1)],
      });
      // A marker may be written after the next transaction's records, where an adapter takes turns.
      assert.ok(baseOffset! > last);
      last = baseOffset!;
    }
    await reader.reached(topic.at(1), texts.length * 2);
    assert.deepEqual(reader.records().map(textOf), texts);
    assert.equal((await committedOf(c, worker, [topic.at(0)]))[0]!.offset, texts.length);
  });

  test('metadata comes back as it was committed', async (c) => {
    const topic = await c.topic({ partitionCount: 3 });
    const worker = await CaseWorker.open(c, [topic]);
    const metadata = ['', 'v1:12:größe ☃', longText('long ', 3_000)];
    const offsets = topic.all().map((at) => offsetOf(at, 7, metadata[at.partition]));
    await worker.committed({ offsets });
    const committed = await committedOf(c, worker, topic.all());
    assert.deepEqual(
      committed,
      metadata.map((text) => ({ offset: 7, metadata: text })),
    );
  });

  test('a transaction may have writes alone, offsets alone, or nothing', async (c) => {
    const topic = await c.topic();
    const worker = await CaseWorker.open(c, [topic]);
    await worker.committed({ writes: [writeOf(topic.at(0), 'alone')] });
    await worker.committed({ offsets: [offsetOf(topic.at(0), 1, 'm')] });
    assert.deepEqual(await worker.committed({}), []);
    await worker.committed({ writes: [writeOf(topic.at(0), 'again')] });
    await assertReads(c, topic, ['alone', 'again']);
    assert.deepEqual(await committedOf(c, worker, topic.all()), [{ offset: 1, metadata: 'm' }]);
  });

  test('a generation that is over is refused, and the same bytes are accepted with the new one', async (c) => {
    const topic = await c.topic();
    const worker = await CaseWorker.open(c, [topic]);
    const generation = worker.generation;
    worker.member.member.rejoin();
    await worker.member.until(() => worker.member.assigned.length === 2);
    const transaction = {
      writes: [writeOf(topic.at(0), 'once')],
      offsets: [offsetOf(topic.at(0), 1, 'm')],
    };
    assertAborted(await worker.commit({ ...transaction, generation }), 'not-a-member');
    assert.deepEqual(await committedOf(c, worker, topic.all()), [undefined]);
    await worker.committed(transaction);
    await assertReads(c, topic, ['once']);
    assert.deepEqual(await committedOf(c, worker, topic.all()), [{ offset: 1, metadata: 'm' }]);
  });

  test('an unknown member, and one that has left, is refused', async (c) => {
    const topic = await c.topic();
    const worker = await CaseWorker.open(c, [topic]);
    const transaction = {
      writes: [writeOf(topic.at(0), 'never')],
      offsets: [offsetOf(topic.at(0), 1)],
    };
    const { generation } = worker;
    const unknown = { ...generation, memberId: 'nobody' };
    assertAborted(await worker.commit({ ...transaction, generation: unknown }), 'not-a-member');
    await worker.member.leave();
    assertAborted(await worker.commit({ ...transaction, generation }), 'not-a-member');
    await c.send(topic.at(0), 'other');
    await assertReads(c, topic, ['other']);
    assert.deepEqual(await committedOf(c, worker, topic.all()), [undefined]);
  });

  test('a signal that has fired aborts before anything is sent', async (c) => {
    const topic = await c.topic();
    const worker = await CaseWorker.open(c, [topic]);
    const writes = [writeOf(topic.at(0), 'never')];
    assertAborted(await worker.commit({ writes }, AbortSignal.abort()), 'requested');
    await worker.committed({ writes: [writeOf(topic.at(0), 'then')] });
    await assertReads(c, topic, ['then']);
  });

  test('a signal that fires before the end is sent aborts, and the same bytes may be sent again', async (c) => {
    const topic = await c.topic();
    const worker = await CaseWorker.open(c, [topic]);
    const transaction = {
      writes: [writeOf(topic.at(0), 'once')],
      offsets: [offsetOf(topic.at(0), 1)],
    };
    for (let count = 0; count < 3; count += 1) {
      const controller = new AbortController();
      const result = worker.commit(transaction, controller.signal);
      controller.abort();
      assertAborted(await result, 'requested');
    }
    assert.deepEqual(await committedOf(c, worker, topic.all()), [undefined]);
    await worker.committed(transaction);
    await assertReads(c, topic, ['once']);
  });

  test('a signal that fires after the end changes nothing', async (c) => {
    const topic = await c.topic();
    const worker = await CaseWorker.open(c, [topic]);
    const controller = new AbortController();
    const writes = [writeOf(topic.at(0), 'kept')];
    const result = await worker.commit({ writes }, controller.signal);
    controller.abort();
    assert.equal(result.outcome, 'committed');
    await worker.committed({ writes: [writeOf(topic.at(0), 'next')] });
    await assertReads(c, topic, ['kept', 'next']);
  });

  test('a topic that does not exist aborts the whole transaction', async (c) => {
    const topic = await c.topic();
    const worker = await CaseWorker.open(c, [topic]);
    const nowhere = { topic: c.name('nowhere'), partition: 0 };
    const writes = [writeOf(topic.at(0), 'never'), writeOf(nowhere, 'lost')];
    assertAborted(await worker.commit({ writes }), 'refused');
    await worker.committed({ writes: [writeOf(topic.at(0), 'then')] });
    await assertReads(c, topic, ['then']);
  });

  test('a batch over the topic’s limit aborts the whole transaction', async (c) => {
    const small = await c.topic({ configs: { 'max.message.bytes': '2000' } });
    const topic = await c.topic();
    const worker = await CaseWorker.open(c, [topic]);
    const writes = [writeOf(topic.at(0), 'never'), writeOf(small.at(0), longText('big', 5_000))];
    const offsets = [offsetOf(topic.at(0), 1)];
    assertAborted(await worker.commit({ writes, offsets }), 'too-large');
    assert.deepEqual(await committedOf(c, worker, topic.all()), [undefined]);
    await worker.committed({
      writes: [writeOf(topic.at(0), 'then'), writeOf(small.at(0), 'fits')],
    });
    await assertReads(c, topic, ['then']);
    await assertReads(c, small, ['fits']);
  });

  test('two producers write the same partitions, each in its order, and nothing is lost', async (c) => {
    const topic = await c.topic({ partitionCount: 3 });
    const workers = [await CaseWorker.open(c, [topic]), await CaseWorker.open(c, [topic])];
    const rounds = Array.from({ length: 15 }, (_, round) => round);
    await Promise.all(
      workers.map(async (worker, index) => {
        for (const round of rounds) {
          const writes = topic.all().map((at) => writeOf(at, `${index}:${round}`));
          await worker.committed({ writes });
        }
      }),
    );
    const reader = c.openReader();
    for (const at of topic.all()) {
      await reader.add(at).reached(at, rounds.length * 4);
      for (const index of workers.keys()) {
        const mine = reader
          .records(at)
          .map(textOf)
          .filter((text) => text.startsWith(`${index}:`));
        assert.deepEqual(
          mine,
          rounds.map((round) => `${index}:${round}`),
        );
      }
    }
  });

  test('a second transaction while one is pending is a programmer’s error', async (c) => {
    const topic = await c.topic();
    const worker = await CaseWorker.open(c, [topic]);
    const first = worker.commit({ writes: [writeOf(topic.at(0), 'first')] });
    const second = worker.commit({ writes: [writeOf(topic.at(0), 'second')] });
    await assert.rejects(second, { name: 'AssertionFailure' });
    assert.equal((await first).outcome, 'committed');
  });

  test('a closed producer rejects with closed', async (c) => {
    const topic = await c.topic();
    const worker = await CaseWorker.open(c, [topic]);
    await worker.producer.close();
    const writes = [{ ...topic.at(0), records: [recordOf('late')] }];
    await assert.rejects(worker.commit({ writes }), { code: 'closed' });
  });
}

async function committedOf(
  c: ContractCase,
  { groupId }: CaseWorker,
  partitions: readonly { topic: string; partition: number }[],
): Promise<readonly ({ offset: number; metadata: string } | undefined)[]> {
  // A transaction's offsets are stable a moment after its commit, when its marker has been written.
  return c.eventually(() => c.log.admin.committedOffsets({ groupId, partitions }));
}

async function assertReads(
  c: ContractCase,
  topic: CaseTopic,
  texts: readonly string[],
): Promise<void> {
  const at = topic.at(0);
  const reader = c.openReader().add(at);
  await reader.until(() => reader.records().length >= texts.length);
  assert.deepEqual(reader.records().map(textOf), texts);
}
