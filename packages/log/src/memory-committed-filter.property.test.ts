import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ManualClock } from '@chat-cluster/kernel';
import { MemoryCommittedFilter } from './memory-committed-filter.ts';
import { MemoryPartition } from './memory-partition.ts';

type Step =
  | { readonly kind: 'write'; readonly producerId: number; readonly count: number }
  | { readonly kind: 'plain'; readonly count: number }
  | { readonly kind: 'end'; readonly producerId: number; readonly isCommit: boolean };

const PRODUCER_COUNT = 4;
const PLAIN_PRODUCER_ID = 99;

const producerId = fc.nat({ max: PRODUCER_COUNT - 1 });
const count = fc.integer({ min: 1, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), producerId, count }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('plain' as const), count }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('end' as const), producerId, isCommit: fc.boolean() }),
  },
);

/** What every offset holds, as a naive model has it: a record with the transaction it is of, or a control record. */
class Model {
  readonly offsets: ({ fate: 'open' | 'committed' | 'aborted' } | 'control')[] = [];
  readonly #open = new Map<number, { fate: 'open' | 'committed' | 'aborted' }>();

  write(producer: number, countWritten: number): void {
    const transaction = this.#open.get(producer) ?? { fate: 'open' };
    this.#open.set(producer, transaction);
    for (let index = 0; index < countWritten; index += 1) this.offsets.push(transaction);
  }

  plain(countWritten: number): void {
    for (let index = 0; index < countWritten; index += 1) this.offsets.push({ fate: 'committed' });
  }

  end(producer: number, isCommit: boolean): void {
    const transaction = this.#open.get(producer);
    if (!transaction) return;
    this.#open.delete(producer);
    transaction.fate = isCommit ? 'committed' : 'aborted';
    this.offsets.push('control');
  }

  /** Offsets of committed records from a position to the first that is still open. */
  committedFrom(position: number): { readonly offsets: number[]; readonly end: number } {
    const firstOpen = this.offsets.findIndex(
      (entry) => entry !== 'control' && entry.fate === 'open',
    );
    const end = firstOpen === -1 ? this.offsets.length : firstOpen;
    const committed = [];
    for (let offset = position; offset < end; offset += 1) {
      const entry = this.offsets[offset]!;
      if (entry !== 'control' && entry.fate === 'committed') committed.push(offset);
    }
    return { offsets: committed, end: Math.max(end, position) };
  }
}

function play(steps: readonly Step[]): { partition: MemoryPartition; model: Model } {
  const partition = new MemoryPartition({
    clock: new ManualClock(),
    isLogAppendTime: false,
    batchBytesMax: 1_000_000,
  });
  const model = new Model();
  const sequences = new Map<number, number>();
  const append = (producer: number, countWritten: number, isTransactional: boolean): void => {
    const baseSequence = sequences.get(producer) ?? 0;
    sequences.set(producer, baseSequence + countWritten);
    const record = { key: null, value: null, headers: [] };
    partition.append({
      records: Array.from({ length: countWritten }, () => record),
      stamp: { producerId: producer, epoch: 0, baseSequence },
      isTransactional,
    });
  };
  for (const taken of steps) {
    if (taken.kind === 'write') {
      append(taken.producerId, taken.count, true);
      model.write(taken.producerId, taken.count);
    } else if (taken.kind === 'plain') {
      append(PLAIN_PRODUCER_ID, taken.count, false);
      model.plain(taken.count);
    } else {
      const direction = taken.isCommit ? 'commit' : 'abort';
      partition.writeMarker({ producerId: taken.producerId, epoch: 0 }, direction);
      model.end(taken.producerId, taken.isCommit);
    }
  }
  return { partition, model };
}

/** Reads from a position to the last stable offset, one answer after the other. */
function readAll(partition: MemoryPartition, from: number, sizeBytesMax: number) {
  const filter = new MemoryCommittedFilter();
  const offsets: number[] = [];
  let position = from;
  for (;;) {
    const data = partition.read(position, sizeBytesMax);
    if (data.batches.length === 0) return { offsets, end: position };
    const taken = filter.take(data, position);
    offsets.push(...taken.records.map(({ offset }) => offset));
    assert.ok(taken.offsetNext > position, 'Each answer brings the reader on.');
    position = taken.offsetNext;
  }
}

test('a read_committed reader gets what a naive model calls committed, from every position and in answers of every size', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 400 }),
      fc.nat(),
      (steps, sizeBytesMax, start) => {
        const { partition, model } = play(steps);
        assert.equal(partition.highWatermark, model.offsets.length);
        const from = Math.min(start % (model.offsets.length + 1), partition.lastStableOffset);
        assert.deepEqual(readAll(partition, from, sizeBytesMax), model.committedFrom(from));
      },
    ),
    { numRuns: 500 },
  );
});
