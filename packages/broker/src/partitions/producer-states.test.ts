import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testBatch } from '../storage/log-harness.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { RecordBatch } from '../wire/record-batch.ts';
import { PRODUCER_BATCHES_MAX, ProducerStates } from './producer-states.ts';

const PRODUCER = 9;

function batchOf(
  baseSequence: number,
  options: { count?: number; epoch?: number; isTransactional?: boolean } = {},
) {
  const { count = 1, epoch = 0, isTransactional = false } = options;
  return new RecordBatch(
    testBatch({ producerId: PRODUCER, producerEpoch: epoch, baseSequence, count, isTransactional }),
  );
}

/** Judges a batch and, when it is to be appended, places it at `offset`. */
function offer(states: ProducerStates, batch: RecordBatch, offset: number) {
  const verdict = states.judge(batch);
  if (verdict.kind === 'append') {
    batch.setBaseOffset(offset);
    states.recordBatch(batch, 1000);
  }
  if (verdict.kind === 'duplicate') return `duplicate of ${verdict.original.baseOffset}`;
  return verdict.kind === 'refuse' ? verdict.errorCode : 'append';
}

test('a producer that is not known may start at any sequence', () => {
  assert.equal(offer(new ProducerStates(), batchOf(41), 0), 'append');
});

test('sequences follow each other, and wrap to 0 behind 2^31 - 1', () => {
  const states = new ProducerStates();
  assert.equal(offer(states, batchOf(2 ** 31 - 3, { count: 5 }), 0), 'append');
  assert.equal(offer(states, batchOf(2), 5), 'append');
  assert.equal(offer(states, batchOf(4), 6), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
});

test('each of the last five batches is a duplicate with its original offset, an older one is not', () => {
  const states = new ProducerStates();
  for (let index = 0; index <= PRODUCER_BATCHES_MAX; index++) {
    assert.equal(offer(states, batchOf(index * 2, { count: 2 }), index * 100), 'append');
  }
  for (let index = 1; index <= PRODUCER_BATCHES_MAX; index++) {
    const again = offer(states, batchOf(index * 2, { count: 2 }), 999);
    assert.equal(again, `duplicate of ${index * 100}`);
  }
  const oldest = offer(states, batchOf(0, { count: 2 }), 999);
  assert.equal(oldest, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  const otherLength = offer(states, batchOf(10, { count: 1 }), 999);
  assert.equal(otherLength, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
});

test('a new epoch starts at 0, and an old one is refused from then on', () => {
  const states = new ProducerStates();
  offer(states, batchOf(0, { epoch: 3 }), 0);
  const late = offer(states, batchOf(1, { epoch: 4 }), 1);
  assert.equal(late, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  assert.equal(offer(states, batchOf(0, { epoch: 4 }), 1), 'append');
  assert.equal(offer(states, batchOf(1, { epoch: 3 }), 2), ErrorCode.INVALID_PRODUCER_EPOCH);
});

test('a marker with a new epoch fences the old one, and ends the transaction', () => {
  const states = new ProducerStates();
  offer(states, batchOf(0, { isTransactional: true }), 7);
  assert.equal(states.hasOpenTransaction(PRODUCER), true);
  assert.equal(offer(states, batchOf(1), 8), ErrorCode.INVALID_TXN_STATE);
  states.recordMarker({ producerId: PRODUCER, producerEpoch: 1 }, 1000);
  assert.equal(states.hasOpenTransaction(PRODUCER), false);
  assert.equal(offer(states, batchOf(1), 8), ErrorCode.INVALID_PRODUCER_EPOCH);
});

test('producers that are silent are forgotten, but not in the middle of a transaction', () => {
  const states = new ProducerStates();
  offer(states, batchOf(0), 0);
  states.expire(1000);
  assert.equal([...states.entries()].length, 1);
  states.expire(1001);
  assert.equal([...states.entries()].length, 0);
  offer(states, batchOf(0, { isTransactional: true }), 0);
  states.expire(5000);
  assert.equal([...states.entries()].length, 1);
});

test('what an earlier run knew stays as it was, for its checkpoint is written again', () => {
  const earlier = new ProducerStates();
  offer(earlier, batchOf(0), 0);
  const [producerId, known] = [...earlier.entries()][0]!;
  const states = new ProducerStates();
  states.restore(producerId, known);
  offer(states, batchOf(1), 1);
  assert.deepEqual(
    known.batches.map(({ baseOffset }) => baseOffset),
    [0],
  );
});
