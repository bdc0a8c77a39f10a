import { type Cancel, deferred } from '@chat-cluster/kernel';
import type { TransactionalProducer } from '@chat-cluster/log';
import type { EngineTopics } from './engine-topics.ts';
import type { RetiredPart } from './hand-over/former-owners.ts';
import type { Counters } from './management/counters.ts';
import { findTopics } from './partition/find-topics.ts';
import { removeNamesakes } from './partition/remove-namesakes.ts';
import type { Silence } from './partition/silence.ts';
import type { Tenure } from './partition/tenure.ts';
import type {
  AskOutcome,
  EntityOwner,
  Question,
  WatchedEvent,
  WatchEnd,
} from './routing/entity-owner.ts';
import type { ShardMap } from './routing/shard-map.ts';
import type { WorkerOptions } from './worker-options.ts';
import { openProducer, WorkerParts } from './worker-parts.ts';

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
  /** How long nobody decided for it when it came here; undefined before it runs. */
  readonly silence: Silence | undefined;
  /** Whether its lease lets it answer questions now. */
  readonly mayAnswer: boolean;
};

const MAINTENANCE_INTERVAL_MS = 1_000;
/** Positions past control records alone are committed every so many maintenance rounds. */
const COVER_POSITIONS_EVERY = 5;
/** Topics are looked at, in one request, every so many maintenance rounds. */
const LOOK_AT_TOPICS_EVERY = 10;
const FLUSH_AT_STOP_MS = 5_000;
/** A stop waits no longer for the answer to a commit: whether it happened is read from the log by the next owner. */
const GIVE_UP_AT_STOP_MS = 10_000;

/**
 * One member of the group with one transactional id: moves records from the fetcher through its shards into transactions, and committed events into the journal.
 */
export class Worker<State, Command, Event> implements EntityOwner {
  readonly #options: WorkerOptions<State, Command, Event>;
  readonly #topics: EngineTopics;
  readonly #parts: WorkerParts<State, Command, Event>;
  #maintenance: Cancel = () => {};
  #maintenanceRound = 0;
  readonly #left = deferred<void>();
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
    this.#topics = topics;
    this.#parts = new WorkerParts({
      worker: options,
      topics,
      producer,
      onFailed: (error) => this.#die(error),
    });
  }

  get counters(): Counters {
    return this.#parts.counters;
  }

  get entityType(): string {
    return this.#options.definition.type;
  }

  get shardCount(): number {
    return this.#topics.shardCount;
  }

  map(): ShardMap | undefined {
    return this.#parts.currentMap.map;
  }

  onMap(callback: (map: ShardMap) => void): () => void {
    return this.#parts.currentMap.onMap(callback);
  }

  isMember(memberId: string): boolean {
    return this.#parts.currentMap.memberId === memberId;
  }

  get left(): Promise<void> {
    return this.#left.promise;
  }

  ask(question: Question, signal: AbortSignal): Promise<AskOutcome> {
    return this.#parts.questions.ask(question, signal);
  }

  watch(
    options: { readonly entityId: string; readonly seqFrom: number },
    onEvent: (event: WatchedEvent) => Promise<void> | undefined,
    signal: AbortSignal,
  ): Promise<WatchEnd> {
    return this.#parts.watches.watch(options, onEvent, signal);
  }

  retiredParts(shards: readonly number[]): Iterable<RetiredPart> {
    return this.#parts.retired.parts(shards);
  }

  /** This worker's shards, in order, stopped ones included. */
  shards(): ShardStatus[] {
    const { lease, tenancy } = this.#parts;
    return tenancy.held().map((tenure) => {
      const { partition, phase, reason } = tenure;
      const shard = tenancy.shard(partition);
      return {
        shard: partition,
        phase,
        reason,
        entityCount: shard?.entities.count ?? 0,
        backlogCount: shard?.tail.backlogCount ?? 0,
        lag: shard?.queues.reduce((sum, { lag }) => sum + lag, 0) ?? 0,
        silence: tenancy.silence(partition),
        mayAnswer: shard !== undefined && lease.holds(tenure),
      };
    });
  }

  /** Whether it takes in what its shards get; if not, `troubles` says why. A journal that is away is no reason until the backlog is full. */
  get isProcessing(): boolean {
    const isStopped = this.#parts.tenancy.held().some(({ phase }) => phase === 'stopped');
    return !isStopped && this.#parts.backlogWatch.trouble === undefined;
  }

  /** Sentences about what is not as it should be; empty when all is well. */
  troubles(): string[] {
    const troubles = this.shards()
      .filter(({ phase }) => phase === 'stopped')
      .map(({ shard, reason }) => `Shard ${shard} is stopped: ${reason}`);
    const { failure } = this.#parts.journalWriter;
    if (failure !== undefined) {
      const seconds = Math.round((this.#options.clock.monotonicMs() - failure.sinceMs) / 1_000);
      troubles.push(`The journal has been away for ${seconds} s: ${failure.error.message}`);
    }
    const { trouble } = this.#parts.backlogWatch;
    if (trouble !== undefined) troubles.push(trouble);
    return [...troubles, ...this.#parts.topicWatch.troubles];
  }

  /** Of what is decided and not committed. */
  get decidedBytes(): number {
    return this.#parts.context.decidedBudget.bytes;
  }

  get backlogBytes(): number {
    return this.#parts.context.backlogBudget.bytes;
  }

  get entityBytes(): number {
    return this.#parts.context.entityBudget.bytes;
  }

  /** Joins the group again at once: somebody was taken out of it. */
  rejoin(): void {
    if (!this.#isStopped) this.#parts.member.rejoin();
  }

  /** Drains every shard, commits, leaves the group, writes the journal. Idempotent. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const { committer, fetcher, journalWriter, pump, snapshotWriter, tenancy } = this.#parts;
    const cancelGiveUp = this.#options.timers.after(GIVE_UP_AT_STOP_MS, () => {
      void committer.close();
    });
    await tenancy.close();
    pump.stop();
    this.#maintenance();
    await this.#leave();
    await committer.end();
    cancelGiveUp();
    await Promise.all([journalWriter.flush(FLUSH_AT_STOP_MS), this.#untilRetiredAreTaken()]);
    journalWriter.close();
    snapshotWriter.close();
    await fetcher.close();
    await committer.close();
  }

  /** Whoever gets the shards now asks for the states that are kept of them. */
  async #untilRetiredAreTaken(): Promise<void> {
    const { context, retired } = this.#parts;
    const isAlone = (this.map()?.members.length ?? 0) < 2;
    const isAsked = this.#options.formerOwners !== undefined && !isAlone;
    if (isAsked) await retired.untilTaken(context.limits.retiredAtStopMs);
    retired.clear();
  }

  /** A group that does not hear of it waits for the session to end. */
  async #leave(): Promise<void> {
    try {
      await this.#parts.member.leave();
      this.#left.resolve();
    } catch (error) {
      this.#options.report('warn', 'The group was not told that this worker leaves.', { error });
    }
  }

  async #join(): Promise<void> {
    const { member, tenancy } = this.#parts;
    await member.start({
      beforeJoin: () => tenancy.claims(),
      onAssigned: (generation, assignment) => this.#parts.assigned(generation, assignment),
      onLost: (reason) => {
        this.#options.report('warn', 'This worker is out of the group.', { reason });
        tenancy.loseAll(reason);
      },
      onFatal: (error) => this.#die(error),
    });
  }

  #die(error: Error): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const { committer, fetcher, journalWriter, member, pump, snapshotWriter, tenancy } =
      this.#parts;
    this.#maintenance();
    pump.stop();
    tenancy.loseAll(error.message);
    member.abandon();
    journalWriter.close();
    snapshotWriter.close();
    void committer.end();
    void fetcher.close();
    this.#options.onFatal(error);
  }

  #maintain(): void {
    if (this.#isStopped) return;
    this.#maintenance = this.#options.timers.after(MAINTENANCE_INTERVAL_MS, () => {
      const { backlogWatch, committer, refusedReport, tenancy, topicWatch } = this.#parts;
      this.#maintenanceRound += 1;
      for (const shard of tenancy.shards()) {
        shard.passivate();
        if (this.#maintenanceRound % COVER_POSITIONS_EVERY === 0) shard.decisions.coverPositions();
      }
      backlogWatch.look();
      refusedReport.look();
      if (this.#maintenanceRound % LOOK_AT_TOPICS_EVERY === 0) void topicWatch.look();
      committer.kick();
      this.#maintain();
    });
  }
}
