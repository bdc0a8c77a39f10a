import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ManualClock, seededRandom, unreachable } from '@chat-cluster/kernel';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import { openLog, type LogHarness } from '../storage/log-harness.ts';
import {
  checkpointed,
  cleanerOf,
  cleanNow,
  consume,
  storedBatches,
  tableOf,
  turns,
  type KeyValue,
} from './cleaning-harness.ts';
import { CleaningModel, DELETE_RETENTION_MS } from './cleaning-model.ts';
import { CleaningInterrupted } from './work-slices.ts';

const OVERRIDES = {
  'cleanup.policy': 'compact',
  'segment.bytes': '300',
  'min.cleanable.dirty.ratio': '0.3',
  'delete.retention.ms': String(DELETE_RETENTION_MS),
};
const PLAIN = -1;
const IDEMPOTENT = 11;
const TRANSACTIONAL = [22, 33];
/** Room for four keys in the one, for all in the other. */
const MAP_BYTES = [24 * 5, 24_000];

type Step =
  | {
      readonly kind: 'append';
      readonly producerId: number;
      readonly keys: readonly (readonly [key: number, isTombstone: boolean])[];
      readonly codec: number;
    }
  | { readonly kind: 'end'; readonly producerId: number; readonly type: 'commit' | 'abort' }
  | { readonly kind: 'clean'; readonly map: number }
  | { readonly kind: 'clean-twice' }
  | { readonly kind: 'clean-in-part'; readonly stopAfter: number }
  | { readonly kind: 'delete-records' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'close' | 'kill' | 'power-loss'; readonly seed: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      producerId: fc.constantFrom(PLAIN, IDEMPOTENT, ...TRANSACTIONAL, ...TRANSACTIONAL),
      keys: fc.array(
        fc.tuple(
          fc.nat(4),
          fc.nat(3).map((n) => n === 0),
        ),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      codec: fc.constantFrom(0, 0, 0, 1, 2, 3, 4),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      producerId: fc.constantFrom(...TRANSACTIONAL),
      type: fc.constantFrom('commit' as const, 'abort' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('clean' as const), map: fc.constantFrom(0, 1, 1) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'clean-twice' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('clean-in-part' as const),
      stopAfter: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'delete-records' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(DELETE_RETENTION_MS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('close' as const, 'kill' as const, 'power-loss' as const),
      seed: fc.nat(),
    }),
  },
);
const history = fc.array(step, { minLength: 10, maxLength: 70 });

test('in memory, readers find the last record of each key however the log is cleaned', async () => {
  await fc.assert(
    fc.asyncProperty(history, (steps) => new Run(null).run(steps)),
    { numRuns: 150 },
  );
});

test('in files too, and over closes, kills and power losses while it is cleaned', async () => {
  await fc.assert(
    fc.asyncProperty(history, (steps) => new Run(new SimulatedDisk()).run(steps)),
    { numRuns: 100 },
  );
});

class Run {
  readonly #clock = new ManualClock();
  readonly #model = new CleaningModel();
  #disk: SimulatedDisk | null;
  #value = 0;

  constructor(disk: SimulatedDisk | null) {
    this.#disk = disk;
  }

  async run(steps: readonly Step[]): Promise<void> {
    let log = await this.#open();
    await log.createTopic('t', { overrides: OVERRIDES });
    for (const next of steps) {
      log = await this.#take(log, next);
      assert.deepEqual(log.errors, []);
    }
    await this.#clean(log, 1);
    await this.#model.check(log.partition('t', 0), this.#clock.wallMs());
    await log.close();
  }

  #open(): Promise<LogHarness> {
    return openLog(this.#disk, { logFileBytesMax: 6 * 4096, clock: this.#clock });
  }

  async #take(log: LogHarness, next: Step): Promise<LogHarness> {
    const partition = log.partition('t', 0);
    switch (next.kind) {
      case 'append':
        await this.#append(log, next);
        return log;
      case 'end': {
        const { producerId, type } = next;
        const marker = { producerId, producerEpoch: 0, coordinatorEpoch: 0 };
        const timestampMs = this.#clock.wallMs();
        const offset = await partition.appendControlBatch({ ...marker, type, timestampMs });
        if (offset >= 0) this.#model.ended(producerId, type);
        return log;
      }
      case 'clean':
        await this.#clean(log, next.map);
        await this.#model.check(partition, this.#clock.wallMs());
        return log;
      case 'clean-twice':
        await this.#cleanTwice(log);
        return log;
      case 'clean-in-part': {
        await checkpointed(log);
        let checksCount = 0;
        const mustStop = (): boolean => checksCount++ >= next.stopAfter;
        this.#model.cleanedInPart(this.#clock.wallMs());
        await cleanNow(partition, this.#clock.wallMs(), mustStop).catch((error: unknown) => {
          if (!(error instanceof CleaningInterrupted)) throw error;
        });
        await this.#model.check(partition, this.#clock.wallMs());
        return log;
      }
      case 'delete-records': {
        const offset = Math.floor((partition.logStartOffset + partition.highWatermark) / 2);
        await partition.moveLogStart(offset);
        this.#model.deletedBelow(offset);
        return log;
      }
      case 'wait':
        this.#clock.advance(next.ms);
        return log;
      case 'close':
      case 'kill':
      case 'power-loss':
        return this.#restart(log, next);
      default:
        return unreachable(next, 'kind of step');
    }
  }

  async #append(log: LogHarness, next: Extract<Step, { kind: 'append' }>): Promise<void> {
    const { producerId, codec } = next;
    const records = next.keys.map(([key, isTombstone]): KeyValue => [
      `k${key}`,
      isTombstone ? null : `${this.#value++}`,
    ]);
    const isTransactional = TRANSACTIONAL.includes(producerId);
    const timestampMs = this.#clock.wallMs();
    const bytes = this.#model.batch(records, { producerId, isTransactional, codec, timestampMs });
    const offset = await log.append(log.partition('t', 0), Buffer.from(bytes));
    this.#model.appended(records, { producerId, isTransactional, offset, bytes });
  }

  /** Cleans while a reader of committed records reads. */
  async #clean(log: LogHarness, map: number): Promise<void> {
    await checkpointed(log);
    const expected = this.#model.committedTable();
    const watched = { isCleaning: true };
    const cleaning = cleanerOf(log, { mapBytesMax: MAP_BYTES[map] ?? 0 })
      .run()
      .finally(() => (watched.isCleaning = false));
    while (watched.isCleaning) {
      const seen = await consume(log.partition('t', 0), { isReadCommitted: true, maxBytes: 150 });
      assert.deepEqual(tableOf(seen), expected);
      // A reader of the memory never waits: let the cleaner go on.
      await turns();
    }
    await cleaning;
  }

  /** Cleaned again at the same moment, nothing changes. */
  async #cleanTwice(log: LogHarness): Promise<void> {
    await checkpointed(log);
    const partition = log.partition('t', 0);
    const bytes = async () => (await storedBatches(partition)).map((batch) => batch.bytes);
    await cleanNow(partition, this.#clock.wallMs());
    const once = await bytes();
    await cleanNow(partition, this.#clock.wallMs());
    assert.deepEqual(await bytes(), once);
    await this.#model.check(partition, this.#clock.wallMs());
  }

  async #restart(
    log: LogHarness,
    { kind, seed }: { kind: 'close' | 'kill' | 'power-loss'; seed: number },
  ): Promise<LogHarness> {
    const disk = this.#disk;
    if (disk === null) return log;
    const cleaner = cleanerOf(log);
    this.#model.cleanedInPart(this.#clock.wallMs());
    const cleaning = cleaner.run().catch(() => {});
    await turns(seed % 90);
    if (kind === 'close') {
      await cleaner.stop();
      await cleaning;
      await log.close();
    }
    this.#disk = kind === 'power-loss' ? disk.loseUnsynced(seededRandom(seed)) : disk.afterKill();
    disk.failing = () => {
      throw new Error('the machine is off');
    };
    await cleaning;
    const again = await this.#open();
    await this.#model.check(again.partition('t', 0), this.#clock.wallMs());
    return again;
  }
}
