import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MemoryApi, MemoryFault } from './memory-network.ts';
import { MemoryRun, recordOf } from './memory-run.ts';
import type { Transaction, TransactionResult } from './transactional-producer.ts';

const OUT = { topic: 'out', partition: 0 };
const IN = { topic: 'in', partition: 0 };
const NOBODY = { memberId: 'nobody', generationId: 1 };

/** A worker in a group of its own, with a transactional producer. */
async function open(options: ConstructorParameters<typeof MemoryRun>[0] = {}) {
  const run = new MemoryRun(options);
  for (const topic of ['in', 'out']) run.broker.createTopic({ topic, partitionCount: 1 });
  const log = run.openLog('worker');
  const producer = await run.settle(log.openTransactionalProducer({ transactionalId: 't' }));
  const member = log.openGroupMember({
    groupId: 'g',
    topics: ['in'],
    protocolName: 'p',
    userData: new Uint8Array(),
    assignor: (members) =>
      new Map(
        members.map(({ memberId }) => [memberId, { partitions: [0], userData: new Uint8Array() }]),
      ),
  });
  const started = member.start({
    beforeJoin: () => Promise.resolve([]),
    onAssigned: () => {},
    onLost: (reason) => assert.fail(reason),
    onFatal: (error) => assert.fail(error),
  });
  await run.settle(started);
  const transaction = (text: string, offsetNext: number): Transaction => ({
    groupId: 'g',
    generation: member.current()!,
    writes: [{ ...OUT, records: [recordOf(text)] }],
    offsets: [{ ...IN, offsetNext, metadata: text }],
  });
  const commit = (text: string, offsetNext: number): Promise<TransactionResult> =>
    run.settle(producer.commit(transaction(text, offsetNext)));
  const committed = async (): Promise<unknown> => {
    const request = { groupId: 'g', partitions: [IN] };
    return (await run.settle(log.admin.committedOffsets(request)))[0];
  };
  return { run, log, producer, transaction, commit, committed };
}

/** Another one takes the id while a commit is pending: that one is fenced, and the other one keeps the id. */
async function assertOtherTakesOver(
  run: MemoryRun,
  pending: Promise<TransactionResult>,
): Promise<void> {
  const other = run.openLog('other');
  const taken = await run.settle(other.openTransactionalProducer({ transactionalId: 't' }));
  assert.equal((await run.settle(pending)).outcome, 'fenced');
  const writes = [{ ...OUT, records: [recordOf('of the other')] }];
  const of = { groupId: 'g', generation: NOBODY, writes, offsets: [] };
  assert.partialDeepStrictEqual(await run.settle(taken.commit(of)), COMMITTED);
}

const DROP_REQUEST: MemoryFault = { kind: 'drop-request', noticedAfterMs: 10 };
const DROP_ANSWER: MemoryFault = { kind: 'drop-answer', noticedAfterMs: 10 };
const COMMITTED = { outcome: 'committed' };

function assertUnavailable(result: TransactionResult): void {
  assert.equal(result.outcome, 'aborted', JSON.stringify(result));
  assert.equal(result.outcome === 'aborted' && result.reason, 'unavailable');
}

describe('the transactional producer of a memory log', () => {
  const writing: MemoryApi[] = [
    'AddPartitionsToTxn',
    'AddOffsetsToTxn',
    'Produce',
    'TxnOffsetCommit',
  ];
  for (const api of writing) {
    for (const fault of [DROP_REQUEST, DROP_ANSWER]) {
      test(`when ${api} is lost (${fault.kind}) nothing has happened, the epoch is raised, and the same bytes may be sent again`, async () => {
        const { run, commit, committed } = await open();
        assert.partialDeepStrictEqual(await commit('before', 1), COMMITTED);
        run.next(api, fault);
        assertUnavailable(await commit('same', 2));
        assert.equal(run.countOf('InitProducerId'), 2);
        assert.deepEqual(await committed(), { offset: 1, metadata: 'before' });
        assert.partialDeepStrictEqual(await commit('same', 2), COMMITTED);
        assert.partialDeepStrictEqual(await commit('after', 3), COMMITTED);
        assert.deepEqual(await run.texts(OUT), ['before', 'same', 'after']);
        assert.deepEqual(await committed(), { offset: 3, metadata: 'after' });
      });
    }
  }

  for (const api of ['Produce', 'TxnOffsetCommit'] as const) {
    test(`a ${api} that comes late cannot land in a later transaction`, async () => {
      const { run, log, producer, transaction, commit, committed } = await open();
      run.next(api, { kind: 'delay', delayMs: 5_000 });
      assertUnavailable(await commit('late', 1));
      // The next one is open when the late request arrives: its own EndTxn takes as long.
      run.next('EndTxn', { kind: 'delay', delayMs: 900 });
      await run.pass(3_500 - 10);
      const later = producer.commit(transaction('later', 2));
      await run.pass(600);
      assert.deepEqual(await run.settle(log.admin.ongoingTransactionalIds('t')), ['t']);
      assert.partialDeepStrictEqual(await run.settle(later), COMMITTED);
      await run.pass(5_000);
      assert.deepEqual(await run.texts(OUT), ['later']);
      assert.deepEqual(await committed(), { offset: 2, metadata: 'later' });
    });
  }

  test('an EndTxn that comes late cannot end a later transaction half-way', async () => {
    const { run, producer, transaction, commit, committed } = await open();
    run.next('EndTxn', { kind: 'delay', delayMs: 2_000 });
    assert.partialDeepStrictEqual(await commit('first', 1), COMMITTED);
    run.next('Produce', { kind: 'delay', delayMs: 900 });
    await run.pass(2_000 - run.nowMs - 500);
    const later = producer.commit(transaction('later', 2));
    await run.pass(800);
    assert.deepEqual(await run.texts(OUT), ['first']);
    assert.partialDeepStrictEqual(await run.settle(later), COMMITTED);
    assert.deepEqual(await run.texts(OUT), ['first', 'later']);
    assert.deepEqual(await committed(), { offset: 2, metadata: 'later' });
  });

  for (const fault of [DROP_REQUEST, DROP_ANSWER]) {
    test(`when EndTxn is lost (${fault.kind}) it is asked again until there is an answer`, async () => {
      const { run, commit, committed } = await open();
      run.next('EndTxn', fault, fault, fault);
      assert.partialDeepStrictEqual(await commit('once', 1), COMMITTED);
      assert.equal(run.countOf('EndTxn'), 4);
      assert.equal(run.countOf('InitProducerId'), 1);
      assert.deepEqual(await run.texts(OUT), ['once']);
      assert.deepEqual(await committed(), { offset: 1, metadata: 'once' });
    });
  }

  test('when the end and the bump are lost too, they are asked again', async () => {
    const { run, commit } = await open();
    run.next('Produce', DROP_ANSWER);
    run.next('EndTxn', DROP_ANSWER, DROP_REQUEST);
    run.next('InitProducerId', DROP_ANSWER, DROP_REQUEST, DROP_ANSWER);
    assertUnavailable(await commit('same', 1));
    assert.equal(run.countOf('EndTxn'), 3);
    assert.partialDeepStrictEqual(await commit('same', 1), COMMITTED);
    assert.deepEqual(await run.texts(OUT), ['same']);
  });

  test('a refusal tells why, also when another answer was lost beside it', async () => {
    const { run, producer, transaction, commit } = await open();
    run.next('Produce', DROP_ANSWER);
    const refused = { ...transaction('never', 1), generation: NOBODY };
    const result = await run.settle(producer.commit(refused));
    assert.partialDeepStrictEqual(result, { outcome: 'aborted', reason: 'not-a-member' });
    assert.equal(run.countOf('InitProducerId'), 2);
    assert.partialDeepStrictEqual(await commit('then', 1), COMMITTED);
    assert.deepEqual(await run.texts(OUT), ['then']);
  });

  test('without a lost answer the epoch stays', async () => {
    const { run, producer, transaction, commit } = await open();
    const refused = { ...transaction('never', 1), generation: NOBODY };
    await run.settle(producer.commit(refused));
    assert.partialDeepStrictEqual(await commit('then', 1), COMMITTED);
    assert.equal(run.countOf('InitProducerId'), 1);
  });

  test('who was fenced while an answer was lost does not take the id back', async () => {
    const { run, producer, transaction } = await open();
    run.next('Produce', { kind: 'drop-answer', noticedAfterMs: 500 });
    const pending = producer.commit(transaction('never', 1));
    await run.pass(100);
    await assertOtherTakesOver(run, pending);
    assert.deepEqual(await run.texts(OUT), ['of the other']);
  });

  test('who is fenced before its epoch is raised does not take the id back', async () => {
    const { run, producer, transaction } = await open();
    run.next('Produce', DROP_ANSWER);
    run.next('InitProducerId', { kind: 'delay', delayMs: 300 });
    const pending = producer.commit(transaction('never', 1));
    await run.pass(100);
    await assertOtherTakesOver(run, pending);
  });

  test('who was fenced while the end was lost does not know: the answer is fenced', async () => {
    const { run, log, producer, transaction } = await open();
    run.next('EndTxn', { kind: 'drop-answer', noticedAfterMs: 500 });
    const pending = producer.commit(transaction('committed all the same', 1));
    await run.pass(100);
    await run.settle(log.admin.fence('t'));
    assert.equal((await run.settle(pending)).outcome, 'fenced');
    assert.deepEqual(await run.texts(OUT), ['committed all the same']);
  });

  test('while the coordinator still ends the transaction before, the next one waits', async () => {
    const { run, commit, committed } = await open({ markerDelayMs: () => 100 });
    for (let count = 1; count <= 3; count += 1) {
      assert.partialDeepStrictEqual(await commit(`${count}`, count), COMMITTED);
    }
    assert.ok(run.nowMs >= 200);
    await assert.rejects(committed(), { code: 'unstable-offsets' });
    await run.pass(100);
    assert.deepEqual(await committed(), { offset: 3, metadata: '3' });
    assert.deepEqual(await run.texts(OUT), ['1', '2', '3']);
  });

  test('the time a transaction may be open is what was asked for', async () => {
    const { run, log } = await open();
    const options = { transactionalId: 'short', transactionTimeoutMs: 300 };
    const producer = await run.settle(log.openTransactionalProducer(options));
    run.next('EndTxn', { kind: 'delay', delayMs: 400 });
    const result = await run.settle(
      producer.commit({
        groupId: 'g',
        generation: NOBODY,
        writes: [{ ...OUT, records: [recordOf('too slow')] }],
        offsets: [],
      }),
    );
    assert.equal(result.outcome, 'fenced');
    assert.deepEqual(await run.texts(OUT), []);
  });

  test('closing ends a commit that gets no answer', async () => {
    const { run, producer, transaction } = await open();
    run.broker.network.cut('worker');
    const pending = producer.commit(transaction('never', 1));
    await run.pass(5_000);
    await producer.close();
    await assert.rejects(run.settle(pending), { code: 'closed' });
  });
});
