import { ManualTimers, systemTimers, type Random } from '@chat-cluster/kernel';
import { DiskError } from '../disk/disk.ts';
import type { SimulatedDisk } from '../disk/simulated-disk.ts';
import { GroupCoordinator } from '../groups/group-coordinator.ts';
import { createStateJournal } from '../state-journal/state-journal.ts';
import { openDiskStorage } from '../storage/disk-storage.ts';
import { testBatch } from '../storage/log-harness.ts';
import type { Storage } from '../storage/storage.ts';
import { topicTransactions } from '../topics/topic-transactions.ts';
import { Topics } from '../topics/topics.ts';
import { markerTypeOf } from '../wire/control-batch.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { BATCH_HEADER_BYTES, type RecordBatch } from '../wire/record-batch.ts';
import { splitBatches } from '../wire/split-batches.ts';
import { nameOf, type PartitionEntry } from './simulated-logs.ts';
import { TransactionCoordinator } from './transaction-coordinator.ts';
import { TOPIC } from './transaction-harness.ts';
import type { ProducerIdentity } from './transaction.ts';
import type { TransactionalBroker } from './transactional-clients.ts';

const PARTITIONS = 3;
/** Small, so that checkpoints, segments and snapshots of the state happen all the time. */
const LIMITS = { logFileBytesMax: 16 * 4096, snapshotBytesMin: 3_000, segmentBytes: '2000' };

/** A broker without its network, on a disk that may lose what was not synced. For tests. */
export class DiskBroker implements TransactionalBroker {
  readonly coordinator: TransactionCoordinator;
  readonly groups: GroupCoordinator;
  readonly timers: ManualTimers;
  readonly #disk: SimulatedDisk;
  readonly #storage: Storage;
  readonly #topics: Topics;
  /** The next sequence of each producer's epoch on each partition, as its client counts. */
  readonly #sequences: Map<string, number>;

  private constructor(
    of: { disk: SimulatedDisk; timers: ManualTimers; sequences: Map<string, number> },
    storage: Storage,
    journal: ReturnType<typeof createStateJournal>,
  ) {
    this.timers = of.timers;
    this.#disk = of.disk;
    this.#storage = storage;
    this.#sequences = of.sequences;
    const { clock } = of.timers;
    const surroundings = { clock, timers: of.timers, journal };
    this.#topics = new Topics({
      ...{ storage, journal, clock },
      transactionVerifier: { verify: (append) => this.coordinator.verify(append) },
      onError: () => {},
    });
    this.groups = new GroupCoordinator({
      ...surroundings,
      hasPartition: (topic, partition) =>
        this.#topics.byName(topic)?.partitions[partition] !== undefined,
    });
    this.coordinator = new TransactionCoordinator({
      ...{ ...surroundings, offsets: this.groups.offsets },
      partitions: topicTransactions(this.#topics),
    });
  }

  static async start(
    disk: SimulatedDisk,
    timers = new ManualTimers(),
    sequences = new Map<string, number>(),
  ): Promise<DiskBroker> {
    const storage = await openDiskStorage({
      ...{ disk, folder: '/data', timers: systemTimers, wallMs: () => timers.clock.wallMs() },
      ...{ onError: () => {}, logFileBytesMax: LIMITS.logFileBytesMax },
    });
    const { snapshotBytesMin } = LIMITS;
    const journal = createStateJournal(storage.stateLog, { snapshotBytesMin });
    const broker = new DiskBroker({ disk, timers, sequences }, storage, journal);
    await journal.open();
    await broker.#topics.recover();
    storage.start();
    if (!broker.#topics.byName(TOPIC)) await broker.#createTopic();
    broker.groups.start();
    await broker.coordinator.start();
    return broker;
  }

  async append(producer: ProducerIdentity, partition: number, value: string): Promise<ErrorCode> {
    const key = `${producer.producerId}/${producer.producerEpoch}/${partition}`;
    const baseSequence = this.#sequences.get(key) ?? 0;
    this.#sequences.set(key, baseSequence + 1);
    const records = Buffer.from(value);
    const batch = testBatch({ ...producer, baseSequence, isTransactional: true, records });
    const { errorCode } = this.#partition(partition).append(batch);
    if (errorCode === ErrorCode.NONE) await this.#storage.commitLog.durable();
    return errorCode;
  }

  /** The power fails, and the machine starts again. */
  async restart(random: Random): Promise<DiskBroker> {
    this.coordinator.close();
    this.groups.close();
    const disk = this.#disk.loseUnsynced(random);
    this.#disk.failing = () => new DiskError('failed', 'the power is off');
    return DiskBroker.start(disk, this.timers, this.#sequences);
  }

  /** Everything in every partition. */
  async entries(): Promise<Map<string, PartitionEntry[]>> {
    const found = new Map<string, PartitionEntry[]>();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      found.set(nameOf({ topicId: TOPIC, partition }), await this.#entriesOf(partition));
    }
    return found;
  }

  async #entriesOf(index: number): Promise<PartitionEntry[]> {
    const entries: PartitionEntry[] = [];
    const flags = { isExact: false, isReadCommitted: false };
    for (let offset = 0; ;) {
      const result = await this.#partition(index).read({ offset, maxBytes: 100_000, ...flags });
      if (result.errorCode !== ErrorCode.NONE || result.sizeBytes === 0) return entries;
      for (const batch of splitBatches(Buffer.concat(result.chunks))) {
        entries.push(entryOf(batch));
        offset = batch.lastOffset + 1;
      }
    }
  }

  async #createTopic(): Promise<void> {
    const overrides = { 'segment.bytes': LIMITS.segmentBytes };
    await this.#topics.create({ name: TOPIC, partitionsCount: PARTITIONS, overrides }).durable;
  }

  #partition(index: number) {
    const partition = this.#topics.byName(TOPIC)?.partitions[index];
    if (partition === undefined) throw new Error(`There is no partition ${index}.`);
    return partition;
  }
}

function entryOf(batch: RecordBatch): PartitionEntry {
  const { producerId, producerEpoch } = batch;
  if (!batch.isControl) {
    const value = batch.bytes.toString('utf8', BATCH_HEADER_BYTES);
    return { kind: 'batch', producerId, producerEpoch, value };
  }
  const outcome = markerTypeOf(batch) ?? 'abort';
  return { kind: 'marker', producerId, producerEpoch, outcome };
}
