import { assert } from '@chat-cluster/kernel';
import type {
  FetchedBatch,
  Fetcher,
  Generation,
  GroupMember,
  LogError,
  MemberAssignment,
  TopicPartition,
  TransactionalProducer,
} from '@chat-cluster/log';
import { BacklogWatch } from './backlog/backlog-watch.ts';
import { ByteBudget } from './backlog/byte-budget.ts';
import { JournalWriter } from './backlog/journal-writer.ts';
import { SnapshotWriter } from './backlog/snapshot-writer.ts';
import { engineLimits, type EngineLimits } from './engine-limits.ts';
import type { EngineTopics } from './engine-topics.ts';
import { FormerStates } from './hand-over/former-states.ts';
import { RetiredStates } from './hand-over/retired-states.ts';
import { Intake } from './intake/intake.ts';
import { Counters } from './management/counters.ts';
import { RefusedReport } from './management/refused-report.ts';
import { Committer } from './output/committer.ts';
import type { DecidedPart } from './output/decided-part.ts';
import { decodeAssignmentData } from './partition/assignment-data.ts';
import { ASSIGNOR_PROTOCOL, assignPartitions } from './partition/assignor.ts';
import { Lease } from './partition/lease.ts';
import { ShardStoppedError } from './partition/shard-stopped-error.ts';
import { TakeOver } from './partition/take-over.ts';
import { Tenancy } from './partition/tenancy.ts';
import { TopicWatch } from './partition/topic-watch.ts';
import { encodeIdentity, transactionalIdOf } from './partition/worker-identity.ts';
import { Questions } from './query/questions.ts';
import { Watches } from './query/watches.ts';
import { Limiter } from './recovery/limiter.ts';
import { WarmUp } from './recovery/warm-up.ts';
import { CurrentMap } from './routing/current-map.ts';
import { Pump } from './shard/pump.ts';
import type { ShardContext } from './shard/shard-context.ts';
import type { WorkerOptions } from './worker-options.ts';

export type WorkerPartsOptions<State, Command, Event> = {
  readonly worker: WorkerOptions<State, Command, Event>;
  readonly topics: EngineTopics;
  /** The first one, asked for before the group is joined. */
  readonly producer: TransactionalProducer;
  /** The worker cannot go on. */
  readonly onFailed: (error: Error) => void;
};

/**
 * The parts of a worker, each made with what it needs of the others. All state is the parts' own; when they begin and end is the worker's affair.
 *
 *     fetcher → intake → pump → shards (tenancy) → committer → journal writer, snapshot writer
 */
export class WorkerParts<State, Command, Event> {
  readonly counters = new Counters();
  readonly context: ShardContext<State, Command, Event>;
  readonly journalWriter: JournalWriter;
  readonly backlogWatch: BacklogWatch;
  readonly snapshotWriter: SnapshotWriter;
  readonly fetcher: Fetcher;
  readonly intake: Intake;
  readonly member: GroupMember;
  readonly committer: Committer;
  readonly tenancy: Tenancy<State, Command, Event>;
  readonly pump: Pump<State, Command, Event>;
  readonly refusedReport: RefusedReport;
  readonly lease: Lease;
  readonly currentMap = new CurrentMap();
  readonly questions: Questions<State, Command, Event>;
  readonly watches: Watches;
  readonly topicWatch: TopicWatch;
  readonly retired: RetiredStates<State, Event>;
  readonly formerStates: FormerStates;
  readonly #options: WorkerOptions<State, Command, Event>;
  readonly #limits: EngineLimits;
  readonly #topics: EngineTopics;
  readonly #onFailed: (error: Error) => void;

  constructor({ worker, topics, producer, onFailed }: WorkerPartsOptions<State, Command, Event>) {
    this.#options = worker;
    this.#limits = engineLimits(worker.limits);
    this.#topics = topics;
    this.#onFailed = onFailed;
    const { clock, report } = worker;
    this.refusedReport = new RefusedReport(this.counters, report);
    this.topicWatch = new TopicWatch({ ...worker, topics });
    const backlogBudget = new ByteBudget({
      name: 'backlog',
      bytesMax: this.#limits.backlogBytesMax,
    });
    this.journalWriter = this.#makeJournalWriter(backlogBudget);
    this.snapshotWriter = this.#makeSnapshotWriter();
    const { names } = topics;
    this.retired = new RetiredStates({
      definition: worker.definition,
      eventTopicId: topics.get(names.events).topicId,
      limits: this.#limits,
      timers: worker.timers,
    });
    this.context = this.#makeContext(backlogBudget);
    this.formerStates = this.#makeFormerStates();
    this.backlogWatch = new BacklogWatch({ budget: backlogBudget, clock, report });
    this.committer = this.#makeCommitter(producer);
    this.member = this.#makeMember();
    this.fetcher = this.#makeFetcher();
    const inputCount = topics.inputs.length * topics.shardCount;
    this.intake = new Intake(this.fetcher, this.#limits, inputCount);
    const { leaseMs } = this.#limits;
    const { shardCount } = topics;
    this.lease = new Lease({
      clock,
      leaseMs,
      shardCount,
      lastConfirmedMs: () => this.member.lastConfirmedMs(),
    });
    this.tenancy = new Tenancy({
      lease: this.lease,
      onTurn: (partition) => {
        this.questions.look(partition);
        this.watches.look(partition);
      },
      context: this.context,
      member: this.member,
      intake: this.intake,
      takeOver: this.#makeTakeOver(),
      committer: this.committer,
      warmUp: new WarmUp({ ...this.context, log: worker.log }),
      formerStates: this.formerStates,
    });
    this.pump = new Pump({
      context: this.context,
      intake: this.intake,
      shards: () => this.tenancy.shards(),
      onDecided: () => {
        this.committer.kick();
        this.questions.decided();
      },
    });
    this.questions = this.#makeQuestions();
    this.watches = this.#makeWatches();
  }

  /** A generation's assignment. Who is told of the map finds the tenures that go with it. */
  assigned(generation: Generation, assignment: MemberAssignment): void {
    const { map } = decodeAssignmentData(assignment.userData);
    this.lease.assigned(generation.generationId, map);
    this.currentMap.take(generation, map);
    this.tenancy.assigned(generation, assignment);
    if (this.currentMap.map) this.formerStates.learn(this.currentMap.map, generation.memberId);
    this.committer.kick();
    this.currentMap.tell();
  }

  #onBatch(batch: FetchedBatch): void {
    const shard = this.tenancy.shard(batch.partition);
    assert(shard !== undefined, 'A fetcher is silent about partitions that were removed.');
    this.counters.recordsFetched += batch.records.length;
    shard.take(batch);
    this.intake.balance(shard.queues);
    this.pump.schedule();
  }

  #onPartitionError(at: TopicPartition, error: LogError): void {
    const message = `${at.topic}, partition ${at.partition}, cannot be read on: ${error.message}`;
    this.tenancy.fail(
      at.partition,
      new ShardStoppedError('input-error', message, { cause: error }),
    );
  }

  #onSettled(parts: readonly DecidedPart[]): void {
    for (const part of parts) this.context.decidedBudget.take(-part.heldBytes);
    this.journalWriter.kick();
    this.pump.schedule();
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
      journalWriter: this.journalWriter,
      snapshotWriter: this.snapshotWriter,
      retired: this.retired,
      recoveries: new Limiter(limits.recoveryConcurrency),
      historyReads: new Limiter(limits.historyReadConcurrency),
      decidedBudget: new ByteBudget({ name: 'decided', bytesMax: limits.decidedBytesMax }),
      backlogBudget,
      entityBudget: new ByteBudget({ name: 'entities', bytesMax: limits.entityBytesMax }),
      isBehind: () => this.pump.isBehind,
      onWork: () => this.pump.schedule(),
      onRecovered: (partition) => this.questions.look(partition),
      onCommitted: (partition, events) => {
        this.questions.look(partition);
        this.watches.committed(events);
      },
      onFailed: (partition, error) => this.tenancy.fail(partition, error),
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
      isBehind: () => this.pump.isBehind,
      onRowsWritten: (rows) => {
        const nowMs = clock.wallMs();
        for (const row of rows) this.counters.journalDelay.observe(nowMs - row.timestampMs);
      },
      onAcknowledged: () => {
        this.backlogWatch.madeRoom();
        this.pump.schedule();
      },
      onFailed: (error) => this.#onFailed(error),
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
      sources: () => this.tenancy.shards(),
      decidedBytes: () => this.context.decidedBudget.bytes,
      isBehind: () => this.pump.isBehind,
      generation: () => this.member.current(),
      onSettled: (parts) => this.#onSettled(parts),
      onRefused: ({ tenure }, message) =>
        this.tenancy.fail(tenure.partition, new ShardStoppedError('refused', message)),
      onFenced: () => this.tenancy.loseAll('The worker was fenced.'),
      onReopened: () => this.member.rejoin(),
      onFailed: (error) => this.#onFailed(error),
    });
  }

  #makeSnapshotWriter(): SnapshotWriter {
    const { definition, journal, timers, report } = this.#options;
    const { type: entityType } = definition;
    return new SnapshotWriter({ entityType, journal, limits: this.#limits, timers, report });
  }

  #makeFormerStates(): FormerStates {
    const { definition, formerOwners, report, timers } = this.#options;
    const { names } = this.#topics;
    return new FormerStates({
      formerOwners,
      entityType: definition.type,
      eventTopicId: this.#topics.get(names.events).topicId,
      budget: this.context.entityBudget,
      timers,
      report,
    });
  }

  #makeMember(): GroupMember {
    const { log, groupId, identity } = this.#options;
    const { inputs, shardCount } = this.#topics;
    return log.openGroupMember({
      groupId,
      topics: inputs,
      protocolName: ASSIGNOR_PROTOCOL,
      userData: encodeIdentity(identity),
      assignor: (members) =>
        assignPartitions(members, shardCount, (map) => this.lease.waitsOf(map)),
    });
  }

  #makeFetcher(): Fetcher {
    const { fetchBytesMax, fetchPartitionBytesMax } = this.#limits;
    return this.#options.log.openFetcher(
      { responseBytesMax: fetchBytesMax, partitionBytesMax: fetchPartitionBytesMax },
      {
        onBatch: (batch) => this.#onBatch(batch),
        onPartitionError: (at, error) => this.#onPartitionError(at, error),
      },
    );
  }

  #makeQuestions(): Questions<State, Command, Event> {
    const { context, currentMap, lease, member, tenancy } = this;
    return new Questions({
      context,
      topics: this.#topics,
      limits: this.#limits,
      workerName: this.#options.identity.name,
      lease,
      member,
      tenure: (partition) => tenancy.tenure(partition),
      shard: (partition) => tenancy.shard(partition),
      map: () => currentMap.map,
    });
  }

  #makeWatches(): Watches {
    const { clock, definition, journal, timers } = this.#options;
    return new Watches({
      clock,
      entityType: definition.type,
      journal,
      timers,
      reads: this.context.historyReads,
      topics: this.#topics,
      limits: this.#limits,
      tenure: (partition) => this.tenancy.tenure(partition),
      shard: (partition) => this.tenancy.shard(partition),
      notOwner: () => ({ kind: 'not-owner', map: this.currentMap.map }),
    });
  }

  #makeTakeOver(): TakeOver {
    const { log, journal, definition, groupId, timers, report } = this.#options;
    return new TakeOver({
      log,
      journal,
      member: this.member,
      topics: this.#topics,
      entityType: definition.type,
      groupId,
      timers,
      report,
      backlogBudget: this.context.backlogBudget,
      limits: this.#limits,
      memberNames: () => this.currentMap.map?.members.map(({ name }) => name) ?? [],
      commitStart: (tenure, first) => this.committer.commitStart(tenure, first),
    });
  }
}

/** Asks for a producer id, which fences every earlier holder of the worker's transactional id. */
export function openProducer<State, Command, Event>({
  log,
  groupId,
  identity,
}: WorkerOptions<State, Command, Event>): Promise<TransactionalProducer> {
  const transactionalId = transactionalIdOf(groupId, identity.name);
  return log.openTransactionalProducer({ transactionalId });
}
