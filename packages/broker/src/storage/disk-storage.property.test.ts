import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '@chat-cluster/kernel';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import type { Partition } from '../partitions/partition.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import type { FlushPolicy } from '../write-ahead-log/flush-policy.ts';
import { openLog, readAll, testBatch, type LogHarness } from './log-harness.ts';

const PARTITIONS = 3;
/** Small enough that checkpoints and new segments happen all the time. */
const LOG_FILE_BYTES = 6 * 4096;
const OVERRIDES = { 'segment.bytes': '700' };

type Step =
  | {
      readonly kind: 'append';
      readonly partition: number;
      readonly count: number;
      readonly bytes: number;
      readonly isWaited: boolean;
    }
  | { readonly kind: 'retry'; readonly partition: number }
  | { readonly kind: 'delete-records'; readonly partition: number }
  | { readonly kind: 'close' | 'kill' | 'power-loss'; readonly seed: number };

const partition = fc.nat(PARTITIONS - 1);
const append = fc.record({
  kind: fc.constant('append' as const),
  partition,
  count: fc.integer({ min: 1, max: 4 }),
  bytes: fc.integer({ min: 1, max: 900 }),
  isWaited: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: append },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('retry' as const), partition }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete-records' as const), partition }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('close' as const, 'kill' as const, 'power-loss' as const),
      seed: fc.nat(),
    }),
  },
);

/** What a partition must hold: everything acknowledged, and perhaps some of what was appended after it. */
class PartitionModel {
  /** All batches that were appended, in order, as `offset:fill`. */
  readonly appended: { text: string; offset: number; endOffset: number; bytes: Buffer }[] = [];
  acknowledgedCount = 0;
  logStart = 0;
  fill = 0;

  /** One producer writes everything, so its next sequence is the end of the log. */
  get sequence(): number {
    return this.appended.at(-1)?.endOffset ?? 0;
  }

  /** Compares with what a reader gets; after a restart, forgets what was not durable. */
  check(read: readonly string[]): void {
    const visible = this.appended.filter((batch) => batch.offset >= this.logStart);
    const mustHave = this.appended
      .slice(0, this.acknowledgedCount)
      .filter((batch) => batch.offset >= this.logStart);
    const texts = visible.map((batch) => batch.text);
    assert.deepEqual(read, texts.slice(0, read.length), 'what is read is what was appended');
    assert.ok(read.length >= mustHave.length, 'what was acknowledged is there');
  }

  /** A loss of power may take what was acknowledged but not synced, and what was told to be deleted. */
  trustNothing(logStart: number): void {
    this.acknowledgedCount = 0;
    this.logStart = logStart;
  }

  keepFirst(readCount: number): void {
    const hidden = this.appended.filter((batch) => batch.offset < this.logStart).length;
    this.appended.length = hidden + readCount;
    this.acknowledgedCount = this.appended.length;
  }
}

const steps = fc.array(step, { minLength: 5, maxLength: 60 });

test('over closes, kills and power losses, what was acknowledged is there once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, (taken) => runSteps(taken, 'group')),
    { numRuns: 150 },
  );
});

for (const [name, flush] of [
  ['os', 'os'],
  ['interval', { intervalMs: 1 }],
] as const) {
  test(`flush ${name}: closes and kills lose nothing, a power loss only the end of all that was written`, async () => {
    await fc.assert(
      fc.asyncProperty(steps, (taken) => runSteps(taken, flush)),
      { numRuns: 100 },
    );
  });
}

async function runSteps(taken: readonly Step[], flush: FlushPolicy): Promise<void> {
  const options = { logFileBytesMax: LOG_FILE_BYTES, flush };
  let disk = new SimulatedDisk();
  let log = await openLog(disk, options);
  await log.createTopic('t', { partitions: PARTITIONS, overrides: OVERRIDES });
  await log.close();
  log = await openLog(disk, options);
  const models = Array.from({ length: PARTITIONS }, () => new PartitionModel());
  /** All that was appended, of all partitions: the partition of each batch, in order. */
  let order: number[] = [];
  for (const next of taken) {
    if (next.kind === 'append' || next.kind === 'retry' || next.kind === 'delete-records') {
      await change(log, models, next);
      if (next.kind === 'append') order.push(next.partition);
      continue;
    }
    disk = await stop(log, disk, next);
    log = await openLog(disk, options);
    const counts = models.map((model) => model.appended.length);
    for (const [index, model] of models.entries()) {
      const target = log.partition('t', index);
      const isTrusted = flush === 'group' || next.kind !== 'power-loss';
      if (!isTrusted) model.trustNothing(target.logStartOffset);
      const read = await readAll(target);
      model.check(read);
      model.keepFirst(read.length);
    }
    order = keptOrder(order, { counts, kept: models.map((model) => model.appended.length) });
  }
  assert.deepEqual(log.errors, []);
}

/** What is left of all that was appended, which is the beginning of it: nothing is there that came after something that is lost. */
function keptOrder(
  order: readonly number[],
  { counts, kept }: { readonly counts: readonly number[]; readonly kept: readonly number[] },
): number[] {
  const lostCount = counts.reduce((sum, count, index) => sum + count - kept[index]!, 0);
  const left = order.slice(0, order.length - lostCount);
  for (const [index, count] of kept.entries()) {
    assert.equal(left.filter((partitionIndex) => partitionIndex === index).length, count);
  }
  return left;
}

async function change(
  log: LogHarness,
  models: readonly PartitionModel[],
  next: Exclude<Step, { seed: number }>,
): Promise<void> {
  const model = models[next.partition];
  assert.ok(model);
  const target = log.partition('t', next.partition);
  if (next.kind === 'append') return appendNew(log, { target, model, next });
  if (next.kind === 'retry') return retryLast(log, { target, model });
  await log.storage.commitLog.durable();
  model.acknowledgedCount = model.appended.length;
  const middle = model.appended[Math.floor(model.appended.length / 2)];
  if (middle === undefined || middle.offset <= model.logStart) return;
  await target.moveLogStart(middle.offset);
  model.logStart = middle.offset;
}

async function appendNew(
  log: LogHarness,
  {
    target,
    model,
    next,
  }: { target: Partition; model: PartitionModel; next: Extract<Step, { kind: 'append' }> },
): Promise<void> {
  const fill = (model.fill = (model.fill + 1) % 256);
  const { count, bytes } = next;
  const identity = { producerId: 7, producerEpoch: 0, baseSequence: model.sequence };
  const batch = testBatch({ count, bytes, fill, ...identity });
  const result = target.append(Buffer.from(batch));
  assert.equal(result.errorCode, ErrorCode.NONE);
  const { baseOffset: offset } = result;
  const text = `${offset}:${fill}`;
  model.appended.push({ text, offset, endOffset: offset + count, bytes: batch });
  if (!next.isWaited) return;
  await log.storage.commitLog.durable();
  assert.equal(target.highWatermark, target.logEndOffset);
  model.acknowledgedCount = model.appended.length;
  model.check(await readAll(target));
}

/** A producer that did not get its answer sends again: it must get the same offset. */
async function retryLast(
  log: LogHarness,
  { target, model }: { target: Partition; model: PartitionModel },
): Promise<void> {
  const last = model.appended.at(-1);
  if (last === undefined) return;
  const result = target.append(Buffer.from(last.bytes));
  assert.equal(result.errorCode, ErrorCode.NONE);
  assert.equal(result.baseOffset, last.offset);
  await log.storage.commitLog.durable();
  model.acknowledgedCount = model.appended.length;
}

async function stop(
  log: LogHarness,
  disk: SimulatedDisk,
  { kind, seed }: { kind: 'close' | 'kill' | 'power-loss'; seed: number },
): Promise<SimulatedDisk> {
  if (kind === 'close') {
    await log.close();
    return disk.afterKill();
  }
  // Somewhere in the middle of whatever the disk is being asked to do.
  for (let turn = 0; turn < seed % 25; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const after = kind === 'kill' ? disk.afterKill() : disk.loseUnsynced(seededRandom(seed));
  disk.failing = () => {
    throw new Error('the machine is off');
  };
  return after;
}
