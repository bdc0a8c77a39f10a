import { ManualTimers } from '@chat-cluster/kernel';
import { GroupCoordinator } from '../groups/group-coordinator.ts';
import { createStateJournal } from '../state-journal/state-journal.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { nameOf, SimulatedLogs } from './simulated-logs.ts';
import { TransactionCoordinator } from './transaction-coordinator.ts';
import { NO_PRODUCER, type ProducerIdentity } from './transaction.ts';

export const TIMEOUT_MS = 10_000;
export const TOPIC = 'topic';

/** A coordinator on logs that can be crashed. For tests only. */
export class TransactionHarness {
  readonly logs: SimulatedLogs;
  readonly timers: ManualTimers;
  readonly groups: GroupCoordinator;
  readonly coordinator: TransactionCoordinator;
  readonly #journal;

  private constructor(logs: SimulatedLogs, timers: ManualTimers) {
    this.logs = logs;
    this.timers = timers;
    this.#journal = createStateJournal(logs);
    const of = { clock: timers.clock, timers, journal: this.#journal };
    this.groups = new GroupCoordinator({ ...of, hasPartition: () => true });
    const { offsets } = this.groups;
    this.coordinator = new TransactionCoordinator({ ...of, partitions: logs, offsets });
  }

  /** A broker that has started; everything is durable at once unless `holds` is set. */
  static async start(
    logs = new SimulatedLogs({ isCommon: true }),
    timers = new ManualTimers(),
  ): Promise<TransactionHarness> {
    const harness = new TransactionHarness(logs, timers);
    await harness.#journal.open();
    await harness.settle(harness.coordinator.start());
    harness.groups.start();
    return harness;
  }

  /** The broker after a power failure; see `SimulatedLogs.crash`. */
  async restart(extra?: (log: string) => number): Promise<TransactionHarness> {
    this.coordinator.close();
    this.groups.close();
    return TransactionHarness.start(this.logs.crash(extra), this.timers);
  }

  /** Makes everything durable until the promise settles. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    const watched = { isSettled: false };
    const mark = () => (watched.isSettled = true);
    promise.then(mark, mark);
    for (let turn = 0; turn < 100 && !watched.isSettled; turn++) {
      this.logs.flush();
      await turns();
    }
    return promise;
  }

  async init(
    transactionalId = 'tx',
    { claimed = NO_PRODUCER, timeoutMs = TIMEOUT_MS } = {},
  ): Promise<ProducerIdentity & { errorCode: ErrorCode }> {
    return this.settle(this.coordinator.initProducer({ transactionalId, timeoutMs, claimed }));
  }

  async add(producer: ProducerIdentity, partition = 0, transactionalId = 'tx') {
    const partitions = [{ topic: TOPIC, partition }];
    return this.settle(
      this.coordinator.addPartitions({ transactionalId, ...producer }, partitions),
    );
  }

  /** Appends a batch if the coordinator takes it, as a partition does. */
  async produce(producer: ProducerIdentity, value: string, partition = 0): Promise<ErrorCode> {
    const append = { ...producer, topicId: TOPIC, partition };
    const errorCode = this.coordinator.verify(append);
    if (errorCode === ErrorCode.NONE) await this.settle(this.logs.produce({ ...append, value }));
    return errorCode;
  }

  /** Like `produce`, but durable only when somebody says so. */
  async append(producer: ProducerIdentity, partition: number, value: string): Promise<ErrorCode> {
    const append = { ...producer, topicId: TOPIC, partition };
    const errorCode = this.coordinator.verify(append);
    if (errorCode === ErrorCode.NONE) await this.logs.produce({ ...append, value });
    return errorCode;
  }

  async addGroup(producer: ProducerIdentity, group = 'group', transactionalId = 'tx') {
    return this.settle(this.coordinator.addGroup({ transactionalId, ...producer }, group));
  }

  async commitOffset(
    producer: ProducerIdentity,
    offset: number,
    of: { groupId?: string; generationId?: number; memberId?: string } = {},
  ) {
    const offsets = [{ topic: TOPIC, partition: 0, offset, leaderEpoch: 0, metadata: 'm' }];
    const request = {
      ...{ transactionalId: 'tx', groupId: 'group', generationId: -1, memberId: '' },
      ...{ groupInstanceId: null, ...producer, ...of, offsets },
    };
    return this.settle(this.coordinator.commitOffsets(request));
  }

  async end(producer: ProducerIdentity, outcome: 'commit' | 'abort', transactionalId = 'tx') {
    return this.settle(this.coordinator.end({ transactionalId, ...producer }, outcome));
  }

  /** The offset of the group's partition 0: a number, 'none' or 'unstable'. */
  async offset(groupId = 'group'): Promise<number | 'none' | 'unstable'> {
    const partitions = [{ topic: TOPIC, partition: 0 }];
    const read = this.groups.offsets.read({ groupId, partitions, requireStable: true });
    const reading = (await this.settle(read))[0]?.reading;
    return reading?.kind === 'committed' ? reading.offset.offset : (reading?.kind ?? 'none');
  }

  get state(): string | undefined {
    return this.coordinator.get('tx')?.state;
  }

  /** What a read_committed reader of a partition sees, with `open` at the end if it cannot go on. */
  visible(partition = 0): string[] {
    return visibleIn(this.logs, nameOf({ topicId: TOPIC, partition }));
  }
}

/** The values in a log whose transactions were committed. Stops before the first open one. */
function visibleIn(logs: SimulatedLogs, log: string): string[] {
  const entries = logs.entriesOf(log);
  const seen: string[] = [];
  for (const [index, entry] of entries.entries()) {
    if (entry.kind !== 'batch') continue;
    const marker = entries
      .slice(index)
      .find((later) => later.kind === 'marker' && later.producerId === entry.producerId);
    if (marker === undefined) return [...seen, 'open'];
    if (marker.kind === 'marker' && marker.outcome === 'commit') seen.push(entry.value);
  }
  return seen;
}

/** Lets promises run that wait for nothing but each other. */
export async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
