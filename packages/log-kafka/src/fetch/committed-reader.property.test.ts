import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AbortedTransaction } from '../codec/fetch-answer.ts';
import { markerBatch, withBaseOffset } from '../codec/log-bytes.ts';
import { encodeRecordBatch } from '../codec/record-batch-encoder.ts';
import { CommittedReader } from './committed-reader.ts';

/** What producers do to a partition, one step after the other. */
type Step =
  | { readonly kind: 'write'; readonly producerId: number; readonly count: number }
  | { readonly kind: 'end'; readonly producerId: number; readonly outcome: 'commit' | 'abort' }
  /** Outside of a transaction: never dropped, whatever its producer does besides. */
  | { readonly kind: 'plain'; readonly producerId: number; readonly count: number };

const producerId = fc.integer({ min: 1, max: 3 });
const count = fc.integer({ min: 1, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), producerId, count }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      producerId,
      outcome: fc.constantFrom('commit' as const, 'abort' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('plain' as const), producerId, count }) },
);

/** A partition's log, with what a broker knows of it. */
type ModelLog = {
  readonly batches: { readonly bytes: Buffer; readonly from: number; readonly until: number }[];
  readonly aborted: (AbortedTransaction & { readonly markerOffset: number })[];
  readonly committed: number[];
  /** Readers get nothing from here on: the first record of the first transaction that is open. */
  readonly stableUntil: number;
};

function logOf(steps: readonly Step[]): ModelLog {
  const batches: ModelLog['batches'] = [];
  const aborted: ModelLog['aborted'] = [];
  const committed: number[] = [];
  const open = new Map<number, number[]>();
  let offset = 0;
  const append = (bytes: Buffer, size: number): number[] => {
    const offsets = Array.from({ length: size }, (_, index) => offset + index);
    batches.push({ bytes: withBaseOffset(bytes, offset), from: offset, until: offset + size });
    offset += size;
    return offsets;
  };
  for (const each of steps) {
    if (each.kind === 'plain') {
      committed.push(...append(batchOf(each, false), each.count));
    } else if (each.kind === 'write') {
      const offsets = append(batchOf(each, true), each.count);
      open.set(each.producerId, [...(open.get(each.producerId) ?? []), ...offsets]);
    } else {
      const offsets = open.get(each.producerId) ?? [];
      open.delete(each.producerId);
      const [markerOffset] = append(markerBatch(each), 1);
      if (each.outcome === 'commit') committed.push(...offsets);
      else if (offsets.length > 0) {
        const [firstOffset] = offsets;
        aborted.push({
          producerId: each.producerId,
          firstOffset: firstOffset!,
          markerOffset: markerOffset!,
        });
      }
    }
  }
  const stableUntil = Math.min(offset, ...[...open.values()].map(([first]) => first!));
  return { batches, aborted, committed, stableUntil };
}

function batchOf(
  written: { readonly producerId: number; readonly count: number },
  isTransactional: boolean,
): Buffer {
  const records = Array.from({ length: written.count }, () => ({
    key: null,
    value: Buffer.from('v'),
    headers: [],
  }));
  return encodeRecordBatch(records, {
    producerId: BigInt(written.producerId),
    producerEpoch: 0,
    baseSequence: 0,
    isTransactional,
    timestampMs: 1,
  });
}

test('exactly the committed records are read, from any position, in answers of any size', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      fc.nat(60),
      fc.array(fc.nat(5), { minLength: 1, maxLength: 10 }),
      fc.boolean(),
      (steps, start, answerSizes, isListNarrow) => {
        const log = logOf(steps);
        const position = Math.min(start, log.stableUntil);
        const reader = new CommittedReader(position);
        const got: number[] = [];
        for (let turn = 0; reader.position < log.stableUntil; turn += 1) {
          const answer = log.batches
            .filter(({ until }) => until > reader.position)
            .filter(({ from }) => from < log.stableUntil)
            .slice(0, 1 + answerSizes[turn % answerSizes.length]!);
          const until = isListNarrow ? answer.at(-1)!.until : log.stableUntil;
          const listed = log.aborted.filter(
            ({ firstOffset, markerOffset }) =>
              markerOffset >= reader.position && firstOffset < until,
          );
          const whole = Buffer.concat(answer.map(({ bytes }) => bytes));
          // A broker may list them in any order, and cut the last batch.
          const next = log.batches.find(({ from }) => from === answer.at(-1)!.until);
          const cut = Buffer.concat([whole, (next?.bytes ?? Buffer.alloc(0)).subarray(0, 40)]);
          const { records } = reader.read(cut, listed.toReversed());
          got.push(...records.map(({ offset }) => offset));
          assert.equal(reader.position, answer.at(-1)!.until);
        }
        const expected = log.committed
          .filter((offset) => offset >= position && offset < log.stableUntil)
          .toSorted((a, b) => a - b);
        assert.deepEqual(got, expected);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('an aborting producer is remembered until its marker, whether it is named again or not', () => {
  const reader = new CommittedReader(0);
  const aborted = [{ producerId: 1, firstOffset: 0 }];
  assert.deepEqual(
    reader.read(withBaseOffset(batchOf({ producerId: 1, count: 2 }, true), 0), aborted).records,
    [],
  );
  const one = batchOf({ producerId: 1, count: 1 }, true);
  const rest = [one, markerBatch({ producerId: 1, outcome: 'abort' }), one];
  const placed = rest.map((bytes, index) => withBaseOffset(bytes, 2 + index));
  const { records } = reader.read(Buffer.concat(placed), []);
  assert.deepEqual(
    records.map(({ offset }) => offset),
    [4],
  );
});
