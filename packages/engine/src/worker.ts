import { assert, type Cancel } from '@chat-cluster/kernel';
import type {
  Fetcher,
  FetchedBatch,
  GroupMember,
  LogError,
  TopicPartition,
  TransactionalProducer,
} from '@chat-cluster/log';
import { BacklogWatch } from './backlog/backlog-watch.ts';
import { ByteBudget } from './backlog/byte-budget.ts';
import { JournalWriter } from './backlog/journal-writer.ts';
import { SnapshotWriter } from './backlog/snapshot-writer.ts';
import { engineLimits, type EngineLimits } from './engine-limits.ts';
import type { EngineTopics } from './engine-topics.ts';
import { Intake } from './intake/intake.ts';
import { Counters } from './management/counters.ts';
import { RefusedReport } from './management/refused-report.ts';
import { Committer } from './output/committer.ts';
import type { DecidedPart } from './output/decided-part.ts';
import { ASSIGNOR_PROTOCOL, assignPartitions } from './partition/assignor.ts';
import { findTopics } from './partition/find-topics.ts';
import { removeNamesakes } from './partition/remove-namesakes.ts';
import { ShardStoppedError } from './partition/shard-stopped-error.ts';
import { TakeOver } from './partition/take-over.ts';
import { Tenancy } from './partition/tenancy.ts';
import type { Tenure } from './partition/tenure.ts';
import { encodeIdentity, transactionalIdOf } from './partition/worker-identity.ts';
import { Limiter } from './recovery/limiter.ts';
import { Pump } from './shard/pump.ts';
import type { ShardContext } from './shard/shard-context.ts';
import type { WorkerOptions } from './worker-options.ts';

/** What is shown of a shard. */
export type ShardStatus = {
  readonly shard: number;
  readonly phase: Tenure['phase'];
  /** Why it is stopped. */
  readonly reason: string | undefined;
  readonly entityCount: number;
  readonly backlogCount: number;
  /** Records of its inputs that are not decided. */
  readonly lag: number;
};

const MAINTENANCE_INTERVAL_MS = 1_000;
/** Positions past control records alone are committed every so many maintenance rounds. */
const COVER_POSITIONS_EVERY = 5;
const FLUSH_AT_STOP_MS = 5_000;
/** A stop waits no longer for the answer to a commit: whether it happened is read from the log by the next owner. */
const GIVE_UP_AT_STOP_MS = 10_000;

/**
 * One member of the group with one transactional id: moves records from the fetcher through its shards into transactions, and committed events into the journal.
 */
export class Worker<State, Command, Event> {
  readonly counters = new Counters();
  readonly #options: WorkerOptions<State, Command, Event>;
  readonly #limits: EngineLimits;
  readonly #topics: EngineTopics;
  readonly #context: ShardContext<State, Command, Event>;
  readonly #journalWriter: JournalWriter;
  readonly #backlogWatch: BacklogWatch;
  readonly #snapshotWriter: SnapshotWriter;
  readonly #fetcher: Fetcher;
  readonly #intake: Intake;
  readonly #member: GroupMember;
  readonly #committer: Committer;
  readonly #tenancy: Tenancy<State, Command, Event>;
  readonly #pump: Pump<State, Command, Event>;
  readonly #refusedReport: RefusedReport;
  #maintenance: Cancel = () => {};
  #maintenanceRound = 0;
  #isStopped = false;

  /**
   * Looks its topics up, asks for its producer id (which fences an earlier worker of the same name), joins the group and resolves with its first assignment.
   * Rejects with a LogError or JournalError, or with a TopicRefusedError that says which topic is missing or has another partition count.
   */
  static async start<State, Command, Event>(
    options: WorkerOptions<State, Command, Event>,
  ): Promise<Worker<State, Command, Event>> {
    const topics = await findTopics(options);
    await removeNamesakes(options);
    const producer = await openProducer(options);
    const worker = new Worker(options, topics, producer);
    await worker.#join();
    worker.#maintain();
    return worker;
  }

  private constructor(
    options: WorkerOptions<State, Command, Event>,
    topics: EngineTopics,
    producer: TransactionalProducer,
  ) {
    this.#options = options;
    this.#limits = engineLimits(options.limits);
    this.#topics = topics;
    this.#refusedReport = new RefusedReport(this.counters, options.report);
    const backlogBudget = new ByteBudget({
      name: 'backlog',
      bytesMax: this.#limits.backlogBytesMax,
    });
    this.#journalWriter = this.#makeJournalWriter(backlogBudget);
    const { definition, journal, clock, timers, report } = options;
    const { type: entityType } = definition;
    this.#snapshotWriter = new SnapshotWriter({
      entityType,
      journal,
      limits: this.#limits,
      timers,
      report,
    });
    this.#context = this.#makeContext(backlogBudget);
    this.#backlogWatch = new BacklogWatch({ budget: backlogBudget, clock, report });
    this.#committer = this.#makeCommitter(producer);
    this.#member = options.log.openGroupMember({
      groupId: options.groupId,
      topics: topics.inputs,
      protocolName: ASSIGNOR_PROTOCOL,
      userData: encodeIdentity(options.identity),
      assignor: (members) => assignPartitions(members, topics.shardCount),
    });
    const { fetchBytesMax, fetchPartitionBytesMax } = this.#limits;
    this.#fetcher = options.log.openFetcher(
      { responseBytesMax: fetchBytesMax, partitionBytesMax: fetchPartitionBytesMax },
      {
        onBatch: (batch) => this.#onBatch(batch),
        onPartitionError: (at, error) => this.#onPartitionError(at, error),
      },
    );
    const inputCount = topics.inputs.length * topics.shardCount;
    this.#intake = new Intake(this.#fetcher, this.#limits, inputCount);
    this.#tenancy = new Tenancy({
      context: this.#context,
      member: this.#member,
      intake: this.#intake,
      takeOver: this.#makeTakeOver(),
      committer: this.#committer,
    });
    this.#pump = new Pump({
      context: this.#context,
      intake: this.#intake,
      shards: () => this.#tenancy.shards(),
      onDecided: () => this.#committer.kick(),
    });
  }

  /** This worker's shards, in order, stopped ones included. */
  shards(): ShardStatus[] {
    return this.#tenancy.held().map(({ partition, phase, reason }) => {
      const shard = this.#tenancy.shard(partition);
      return {
        shard: partition,
        phase,
        reason,
        entityCount: shard?.entities.count ?? 0,
        backlogCount: shard?.tail.backlogCount ?? 0,
        lag: shard?.queues.reduce((sum, { lag }) => sum + lag, 0) ?? 0,
      };
    });
  }

  /** Whether it takes in what its shards get; if not, `troubles` says why. A journal that is away is no reason until the backlog is full. */
  get isProcessing(): boolean {
    const isStopped = this.#tenancy.held().some(({ phase }) => phase === 'stopped');
    return !isStopped && this.#backlogWatch.trouble === undefined;
  }

  /** Sentences about what is not as it should be; empty when all is well. */
  troubles(): string[] {
    const troubles = this.shards()
      .filter(({ phase }) => phase === 'stopped')
      .map(({ shard, reason }) => `Shard ${shard} is stopped: ${reason}`);
    const { failure } = this.#journalWriter;
    if (failure !== undefined) {
      const seconds = Math.round((this.#options.clock.monotonicMs() - failure.sinceMs) / 1_000);
      troubles.push(`The journal has been away for ${seconds} s: ${failure.error.message}`);
    }
    const { trouble } = this.#backlogWatch;
    if (trouble !== undefined) troubles.push(trouble);
    return troubles;
  }

  /** Of what is decided and not committed. */
  get decidedBytes(): number {
    return this.#context.decidedBudget.bytes;
  }

  get backlogBytes(): number {
    return this.#context.backlogBudget.bytes;
  }

  get entityBytes(): number {
    return this.#context.entityBudget.bytes;
  }

  /** Drains every shard, commits, leaves the group, writes the journal. Idempotent. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const cancelGiveUp = this.#options.timers.after(GIVE_UP_AT_STOP_MS, () => {
      void this.#committer.close();
    });
    await this.#tenancy.close();
    this.#pump.stop();
    this.#maintenance();
    await this.#leave();
    await this.#committer.end();
    cancelGiveUp();
    await this.#journalWriter.flush(FLUSH_AT_STOP_MS);
    this.#journalWriter.close();
    this.#snapshotWriter.close();
    await this.#fetcher.close();
    await this.#committer.close();
  }

  /** A group that does not hear of it waits for the session to end. */
  async #leave(): Promise<void> {
    try {
      await this.#member.leave();
    } catch (error) {
      this.#options.report('warn', 'The group was not told that this worker leaves.', { error });
    }
  }

  async #join(): Promise<void> {
    await this.#member.start({
      beforeJoin: () => this.#tenancy.claims(),
      onAssigned: (generation, assignment) => {
        this.#tenancy.assigned(generation, assignment);
        this.#committer.kick();
      },
      onLost: (reason) => {
        this.#options.report('warn', 'This worker is out of the group.', { reason });
        this.#tenancy.loseAll(reason);
      },
      onFatal: (error) => this.#die(error),
    });
  }

  #onBatch(batch: FetchedBatch): void {
    const shard = this.#tenancy.shard(batch.partition);
    assert(shard !== undefined, 'A fetcher is silent about partitions that were removed.');
    shard.take(batch);
    this.#intake.balance(shard.queues);
    this.#pump.schedule();
  }

  #onPartitionError(at: TopicPartition, error: LogError): void {
    const message = `${at.topic}, partition ${at.partition}, cannot be read on: ${error.message}`;
    this.#tenancy.fail(
      at.partition,
      new ShardStoppedError('input-error', message, { cause: error }),
    );
  }

  #onSettled(parts: readonly DecidedPart[]): void {
    for (const part of parts) this.#context.decidedBudget.take(-part.heldBytes);
    this.#journalWriter.kick();
    this.#pump.schedule();
  }

  #die(error: Error): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#maintenance();
    this.#pump.stop();
    this.#tenancy.loseAll(error.message);
    this.#member.abandon();
    this.#journalWriter.close();
    this.#snapshotWriter.close();
    void this.#committer.end();
    void this.#fetcher.close();
    this.#options.onFatal(error);
  }

  #maintain(): void {
    if (this.#isStopped) return;
    this.#maintenance = this.#options.timers.after(MAINTENANCE_INTERVAL_MS, () => {
      this.#maintenanceRound += 1;
      for (const shard of this.#tenancy.shards()) {
        shard.passivate();
        if (this.#maintenanceRound % COVER_POSITIONS_EVERY === 0) shard.decisions.coverPositions();
      }
      this.#backlogWatch.look();
      this.#refusedReport.look();
      this.#committer.kick();
      this.#maintain();
    });
  }

  #makeContext(backlogBudget: ByteBudget): ShardContext<State, Command, Event> {
    const { definition, clock, timers, report, journal, onReply } = this.#options;
    const limits = this.#limits;
    return {
      definition,
      topics: this.#topics,
      limits,
      clock,
      timers,
      report,
      journal,
      counters: this.counters,
      journalWriter: this.#journalWriter,
      snapshotWriter: this.#snapshotWriter,
      recoveries: new Limiter(limits.recoveryConcurrency),
      decidedBudget: new ByteBudget({ name: 'decided', bytesMax: limits.decidedBytesMax }),
      backlogBudget,
      entityBudget: new ByteBudget({ name: 'entities', bytesMax: limits.entityBytesMax }),
      onWork: () => this.#pump.schedule(),
      onFailed: (partition, error) => this.#tenancy.fail(partition, error),
      onReply: onReply ?? (() => {}),
    };
  }

  #makeJournalWriter(budget: ByteBudget): JournalWriter {
    const { definition, clock, timers, report, journal } = this.#options;
    return new JournalWriter({
      entityType: definition.type,
      journal,
      limits: this.#limits,
      clock,
      timers,
      report,
      budget,
      isBehind: () => this.#pump.isBehind,
      onRowsWritten: (rows) => {
        const nowMs = clock.wallMs();
        for (const row of rows) this.counters.journalDelay.observe(nowMs - row.timestampMs);
      },
      onAcknowledged: () => {
        this.#backlogWatch.madeRoom();
        this.#pump.schedule();
      },
      onFailed: (error) => this.#die(error),
    });
  }

  #makeCommitter(producer: TransactionalProducer): Committer {
    const { clock, groupId, timers, report } = this.#options;
    return new Committer(producer, {
      openProducer: () => openProducer(this.#options),
      topics: this.#topics,
      groupId,
      eventTopic: this.#topics.names.events,
      limits: this.#limits,
      clock,
      timers,
      report,
      counters: this.counters,
      sources: () => this.#tenancy.shards(),
      decidedBytes: () => this.decidedBytes,
      isBehind: () => this.#pump.isBehind,
      generation: () => this.#member.current(),
      onSettled: (parts) => this.#onSettled(parts),
      onRefused: ({ tenure }, message) =>
        this.#tenancy.fail(tenure.partition, new ShardStoppedError('refused', message)),
      onFenced: () => this.#tenancy.loseAll('The worker was fenced.'),
      onReopened: () => this.#member.rejoin(),
      onFailed: (error) => this.#die(error),
    });
  }

  #makeTakeOver(): TakeOver {
    const { log, journal, definition, groupId, timers, report } = this.#options;
    return new TakeOver({
      log,
      journal,
      member: this.#member,
      topics: this.#topics,
      entityType: definition.type,
      groupId,
      timers,
      report,
      backlogBudget: this.#context.backlogBudget,
      limits: this.#limits,
      commitStart: (tenure, first) => this.#committer.commitStart(tenure, first),
    });
  }
}

function openProducer<State, Command, Event>({
  log,
  groupId,
  identity,
}: WorkerOptions<State, Command, Event>): Promise<TransactionalProducer> {
  const transactionalId = transactionalIdOf(groupId, identity.name);
  return log.openTransactionalProducer({ transactionalId });
}
