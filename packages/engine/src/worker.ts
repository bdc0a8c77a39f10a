import { assert, sleep, type Cancel } from '@chat-cluster/kernel';
import {
  type Fetcher,
  type FetchedBatch,
  type Generation,
  type GroupMember,
  type LogError,
  type MemberAssignment,
  type TopicPartition,
  type TransactionalProducer,
} from '@chat-cluster/log';
import { ByteBudget } from './backlog/byte-budget.ts';
import { JournalWriter } from './backlog/journal-writer.ts';
import { defaultEngineLimits, type EngineLimits } from './engine-limits.ts';
import type { EngineTopics } from './engine-topics.ts';
import { Intake } from './intake/intake.ts';
import { Counters } from './management/counters.ts';
import type { DecidedPart } from './output/decided-part.ts';
import { StartCommit } from './output/start-commit.ts';
import { TransactionLoop, type PartSource } from './output/transaction-loop.ts';
import { ASSIGNOR_PROTOCOL, assignPartitions, decodeRevoking } from './partition/assignor.ts';
import { findTopics } from './partition/find-topics.ts';
import { ShardStoppedError } from './partition/shard-stopped-error.ts';
import { TakeOver, TenureEndedError, type TakenOver } from './partition/take-over.ts';
import { Tenure } from './partition/tenure.ts';
import { encodeIdentity, transactionalIdOf } from './partition/worker-identity.ts';
import { Limiter } from './recovery/limiter.ts';
import { Shard } from './shard/shard.ts';
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
  readonly lag: number;
};

/** Shards that take over at the same time: each reads its part of the event topic. */
const TAKE_OVERS_MAX = 8;
const MAINTENANCE_INTERVAL_MS = 1_000;
/** Positions past control records alone are committed every so many maintenance rounds. */
const COVER_POSITIONS_EVERY = 5;
const FENCED_TWICE_WITHIN_MS = 60_000;
const FLUSH_AT_STOP_MS = 5_000;
const DRAIN_POLL_MS = 2;

/**
 * One member of the group with one transactional id: owns tenures and their shards, and moves records from the fetcher through them into transactions, and committed events into the journal.
 * Owner of: which tenures there are, and in what phase.
 */
export class Worker<State, Command, Event> {
  readonly counters = new Counters();
  readonly #options: WorkerOptions<State, Command, Event>;
  readonly #limits: EngineLimits;
  readonly #topics: EngineTopics;
  readonly #tenures = new Map<number, Tenure>();
  readonly #shards = new Map<number, Shard<State, Command, Event>>();
  readonly #starts = new Set<StartCommit>();
  readonly #context: ShardContext<State, Command, Event>;
  readonly #journalWriter: JournalWriter;
  readonly #intake: Intake;
  readonly #fetcher: Fetcher;
  readonly #member: GroupMember;
  readonly #takeOver: TakeOver;
  readonly #takeOvers = new Limiter(TAKE_OVERS_MAX);
  #producer: TransactionalProducer;
  #loop: TransactionLoop;
  #generation: Generation | undefined;
  #fencedAtMs = Number.NEGATIVE_INFINITY;
  #pumpScheduled = false;
  #pumpFrom = 0;
  #maintenance: Cancel = () => {};
  #maintenanceRound = 0;
  #stopped = false;

  /**
   * Looks its topics up, asks for its producer id (which fences an earlier worker of the same name), joins the group and resolves with its first assignment.
   * Rejects with a LogError or JournalError, or with an error that says which topic is missing or has another partition count.
   */
  static async start<State, Command, Event>(
    options: WorkerOptions<State, Command, Event>,
  ): Promise<Worker<State, Command, Event>> {
    const topics = await findTopics(options);
    const producer = await openProducer(options);
    const worker = new Worker(options, topics, producer);
    await worker.#member.start({
      beforeJoin: () => Promise.resolve(worker.#heldPartitions()),
      onAssigned: (generation, assignment) => worker.#onAssigned(generation, assignment),
      onLost: (reason) => worker.#onLost(reason),
      onFatal: (error) => worker.#die(error),
    });
    worker.#maintain();
    return worker;
  }

  private constructor(
    options: WorkerOptions<State, Command, Event>,
    topics: EngineTopics,
    producer: TransactionalProducer,
  ) {
    this.#options = options;
    this.#limits = { ...defaultEngineLimits, ...options.limits };
    this.#topics = topics;
    this.#producer = producer;
    this.#journalWriter = this.#makeJournalWriter();
    this.#context = this.#makeContext();
    this.#loop = this.#makeLoop();
    this.#member = options.log.openGroupMember({
      groupId: options.groupId,
      topics: topics.inputs,
      protocolName: ASSIGNOR_PROTOCOL,
      userData: encodeIdentity(options.identity),
      assignor: (members) => assignPartitions(members, topics.shardCount),
    });
    this.#fetcher = options.log.openFetcher(
      {},
      {
        onBatch: (batch) => this.#onBatch(batch),
        onPartitionError: (at, error) => this.#onPartitionError(at, error),
      },
    );
    this.#intake = new Intake(this.#fetcher, this.#limits, topics.inputs.length * topics.shardCount);
    this.#takeOver = this.#makeTakeOver();
  }

  /** This worker's shards, in order, stopped ones included. */
  shards(): ShardStatus[] {
    return [...this.#tenures.values()]
      .filter(({ isHeld }) => isHeld)
      .sort((a, b) => a.partition - b.partition)
      .map((tenure) => {
        const shard = this.#shards.get(tenure.partition);
        return {
          shard: tenure.partition,
          phase: tenure.phase,
          reason: tenure.reason,
          entityCount: shard?.entities.count ?? 0,
          backlogCount: shard?.tail.backlogCount ?? 0,
          lag: shard?.queues.reduce((sum, { lag }) => sum + lag, 0) ?? 0,
        };
      });
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
    const { backlogBudget } = this.#context;
    if (backlogBudget.isFull) {
      troubles.push(
        `Intake is paused: ${backlogBudget.bytes} bytes of committed events wait for the journal (at most ${backlogBudget.bytesMax}).`,
      );
    }
    return troubles;
  }

  get backlogBytes(): number {
    return this.#context.backlogBudget.bytes;
  }

  get entityBytes(): number {
    return this.#context.entityBudget.bytes;
  }

  /** Drains every shard, commits, writes the journal, leaves the group. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    await Promise.all([...this.#tenures.values()].map((tenure) => this.#giveUp(tenure)));
    this.#stopped = true;
    this.#maintenance();
    await this.#member.leave();
    await this.#loop.end();
    await this.#journalWriter.flush(FLUSH_AT_STOP_MS);
    this.#journalWriter.close();
    await this.#fetcher.close();
    await this.#producer.close();
  }

  #heldPartitions(): number[] {
    return [...this.#tenures.values()].flatMap((tenure) => (tenure.isHeld ? [tenure.partition] : []));
  }

  #onAssigned(generation: Generation, assignment: MemberAssignment): void {
    if (this.#stopped) return;
    this.#generation = generation;
    const assigned = new Set(assignment.partitions);
    const revoking = new Set(decodeRevoking(assignment.userData));
    for (const tenure of this.#tenures.values()) {
      if (!tenure.isHeld) continue;
      if (assigned.has(tenure.partition)) tenure.confirm(generation.generationId);
      else this.#lose(tenure, 'It was assigned to another worker.');
    }
    for (const partition of assigned) {
      if (revoking.has(partition) || this.#tenures.get(partition)?.isHeld === true) continue;
      this.#options.report(
        'info',
        `Partition [${partition}] assigned to current node. Updating shard allocation`,
      );
      this.#begin(partition, generation);
    }
    if (revoking.size > 0) void this.#rebalance([...revoking]);
    this.#loop.kick();
  }

  async #rebalance(revoking: readonly number[]): Promise<void> {
    const draining = [...this.#tenures.values()].filter(({ phase }) => phase === 'draining');
    this.#options.report(
      'info',
      `Starting rebalance for shards [${revoking.join(',')}]. Current shards rebalancing: [${draining.map(({ partition }) => partition).join(',')}]`,
    );
    const tenures = revoking.map((partition) => this.#tenures.get(partition));
    await Promise.all(tenures.map((tenure) => tenure && this.#giveUp(tenure)));
    if (!this.#stopped) this.#member.rejoin();
  }

  #onLost(reason: string): void {
    this.#generation = undefined;
    this.#options.report('warn', 'This worker is out of the group; its shards are dropped.', { reason });
    for (const tenure of this.#tenures.values()) this.#lose(tenure, reason);
  }

  #begin(partition: number, generation: Generation): void {
    const tenure = new Tenure({ partition, generationId: generation.generationId });
    this.#tenures.set(partition, tenure);
    void this.#takeOvers
      .run(() => this.#takeOver.take(tenure))
      .then((taken) => this.#ready(tenure, taken))
      .catch((error: unknown) => {
        if (error instanceof TenureEndedError || !tenure.lasts) return;
        this.#fail(partition, error instanceof Error ? error : new Error(String(error)));
      });
  }

  #ready(tenure: Tenure, { tail, positions }: TakenOver): void {
    if (!tenure.lasts) {
      tail.clear();
      return;
    }
    tenure.apply('ready');
    const inputs = this.#topics.inputs.map((topic) => {
      const position = positions.get(topic);
      assert(position !== undefined, 'Every input has a position after taking over.');
      const { topicId } = this.#topics.get(topic);
      return { from: { topic, topicId, partition: tenure.partition }, position };
    });
    const shard = new Shard({ context: this.#context, tenure, tail, inputs });
    this.#shards.set(tenure.partition, shard);
    this.#journalWriter.add(tenure.partition, tail);
    this.#intake.add(shard.queues);
  }

  /** Lets what is decided commit, then ends the tenure; what takes too long is dropped. */
  async #giveUp(tenure: Tenure): Promise<void> {
    const { clock, timers } = this.#options;
    if (tenure.apply('give-up') !== 'draining') {
      await this.#release(tenure);
      return;
    }
    const shard = this.#shards.get(tenure.partition);
    assert(shard !== undefined, 'A shard that drains was running.');
    this.#intake.remove(shard.queues);
    const deadlineMs = clock.monotonicMs() + this.#limits.drainTimeoutMs;
    while (tenure.lasts && (shard.decisions.hasAny || this.#loop.holds(shard))) {
      if (clock.monotonicMs() > deadlineMs) break;
      this.#loop.kick();
      await sleep(timers, DRAIN_POLL_MS);
    }
    const drained = tenure.lasts && !shard.decisions.hasAny && !this.#loop.holds(shard);
    tenure.apply(drained ? 'drained' : 'lost');
    await this.#release(tenure);
  }

  /** The tenure is over, whatever was decided: nothing of it may be committed any more. */
  #lose(tenure: Tenure, reason: string): void {
    if (!tenure.isHeld) return;
    tenure.apply('lost');
    this.#options.report('info', `Shard ${tenure.partition} was dropped. ${reason}`);
    void this.#release(tenure);
  }

  #fail(partition: number, error: Error): void {
    const tenure = this.#tenures.get(partition);
    if (tenure === undefined || !tenure.lasts) return;
    tenure.apply('failed', error.message);
    const code = error instanceof ShardStoppedError ? error.code : 'failed';
    this.#options.report('error', `Shard ${partition} is stopped: ${error.message}`, { code, error });
    void this.#release(tenure);
  }

  async #release(tenure: Tenure): Promise<void> {
    const shard = this.#shards.get(tenure.partition);
    if (shard === undefined || shard.tenure !== tenure) return;
    this.#shards.delete(tenure.partition);
    this.#intake.remove(shard.queues);
    this.#journalWriter.remove(tenure.partition);
    await this.#loop.release(shard);
    shard.drop();
  }

  #onBatch(batch: FetchedBatch): void {
    const shard = this.#shards.get(batch.partition);
    if (shard === undefined || shard.tenure.phase !== 'running') return;
    shard.take(batch);
    this.#intake.balance(shard.queues);
    this.#pump();
  }

  #onPartitionError(at: TopicPartition, error: LogError): void {
    const message = `${at.topic}, partition ${at.partition}, cannot be read on: ${error.message}`;
    this.#fail(at.partition, new ShardStoppedError('input-error', message, { cause: error }));
  }

  /** Decides what there is, shard by shard, in slices: other work gets the thread between them. */
  #pump(): void {
    if (this.#pumpScheduled || this.#stopped) return;
    this.#pumpScheduled = true;
    this.#options.timers.after(0, () => {
      this.#pumpScheduled = false;
      if (this.#decideRound()) this.#pump();
      this.#loop.kick();
    });
  }

  /** True when there is more to decide. */
  #decideRound(): boolean {
    const shards = [...this.#shards.values()];
    let left = this.#limits.decideSliceRecords;
    for (let step = 0; step < shards.length && left > 0; step++) {
      const shard = shards[(this.#pumpFrom + step) % shards.length];
      if (shard === undefined) continue;
      const count = this.#decideOn(shard, left);
      left -= count;
      if (count > 0) this.#intake.balance(shard.queues);
    }
    this.#pumpFrom += 1;
    return left <= 0;
  }

  /** A failed assertion stops the shard, and no other. */
  #decideOn(shard: Shard<State, Command, Event>, countMax: number): number {
    try {
      return shard.decideSlice(countMax);
    } catch (error) {
      this.#fail(shard.partition, error instanceof Error ? error : new Error(String(error)));
      return 0;
    }
  }

  #onSettled(parts: readonly DecidedPart[]): void {
    for (const part of parts) this.#context.decidedBudget.take(-part.sizeBytes);
    this.#journalWriter.kick();
    this.#pump();
  }

  /** Somebody took our transactional id. What was in flight may have been committed or not: the log will tell who takes over anew. */
  async #onFenced(message: string): Promise<void> {
    const { clock, report } = this.#options;
    report('error', 'This worker was fenced; it drops everything.', { message });
    for (const tenure of this.#tenures.values()) this.#lose(tenure, 'The worker was fenced.');
    const sinceMs = clock.monotonicMs() - this.#fencedAtMs;
    this.#fencedAtMs = clock.monotonicMs();
    if (sinceMs < FENCED_TWICE_WITHIN_MS) {
      this.#die(new Error(`Fenced twice within a minute: another worker is named ${this.#options.identity.name}, too.`));
      return;
    }
    try {
      await this.#producer.close();
      this.#producer = await openProducer(this.#options);
      this.#loop = this.#makeLoop();
      this.#member.rejoin();
    } catch (error) {
      this.#die(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #die(error: Error): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#maintenance();
    for (const tenure of this.#tenures.values()) this.#lose(tenure, error.message);
    this.#member.abandon();
    this.#journalWriter.close();
    this.#options.onFatal(error);
  }

  #maintain(): void {
    this.#maintenance = this.#options.timers.after(MAINTENANCE_INTERVAL_MS, () => {
      this.#maintenanceRound += 1;
      for (const shard of this.#shards.values()) {
        shard.passivate();
        if (this.#maintenanceRound % COVER_POSITIONS_EVERY === 0) shard.decisions.coverPositions();
      }
      this.#loop.kick();
      if (!this.#stopped) this.#maintain();
    });
  }

  *#partSources(): Iterable<PartSource> {
    yield* this.#starts;
    yield* this.#shards.values();
  }

  #makeContext(): ShardContext<State, Command, Event> {
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
      recoveries: new Limiter(limits.recoveryConcurrency),
      decidedBudget: new ByteBudget({ name: 'decided', bytesMax: limits.decidedBytesMax }),
      backlogBudget: new ByteBudget({ name: 'backlog', bytesMax: limits.backlogBytesMax }),
      entityBudget: new ByteBudget({ name: 'entities', bytesMax: limits.entityBytesMax }),
      onWork: () => this.#pump(),
      onFailed: (partition, error) => this.#fail(partition, error),
      onReply: onReply ?? (() => {}),
    };
  }

  #makeJournalWriter(): JournalWriter {
    const { definition, clock, timers, report, journal } = this.#options;
    return new JournalWriter({
      entityType: definition.type,
      journal,
      limits: this.#limits,
      clock,
      timers,
      report,
      onAcknowledged: () => this.#pump(),
    });
  }

  #makeLoop(): TransactionLoop {
    const { groupId, timers, report } = this.#options;
    return new TransactionLoop({
      producer: this.#producer,
      groupId,
      eventTopic: this.#topics.names.events,
      limits: this.#limits,
      timers,
      report,
      counters: this.counters,
      sources: () => this.#partSources(),
      generation: () => {
        const current = this.#member.current();
        return current?.generationId === this.#generation?.generationId ? current : undefined;
      },
      onSettled: (parts) => this.#onSettled(parts),
      onRefused: (source, message) =>
        this.#fail(source.tenure.partition, new ShardStoppedError('refused', message)),
      onFenced: (message) => void this.#onFenced(message),
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
      commitStart: async (tenure, start) => {
        const commit = new StartCommit(tenure, start, this.#topics);
        this.#starts.add(commit);
        this.#loop.kick();
        try {
          await commit.whenCommitted(timers);
        } finally {
          this.#starts.delete(commit);
        }
      },
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
