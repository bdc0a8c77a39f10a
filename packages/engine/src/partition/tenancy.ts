import { assert, sleep } from '@chat-cluster/kernel';
import type { Generation, GroupMember, MemberAssignment } from '@chat-cluster/log';
import type { FormerStates } from '../hand-over/former-states.ts';
import type { IncomingStates } from '../hand-over/incoming-states.ts';
import type { Intake } from '../intake/intake.ts';
import type { Committer } from '../output/committer.ts';
import { Limiter } from '../recovery/limiter.ts';
import type { WarmUp } from '../recovery/warm-up.ts';
import type { ShardContext } from '../shard/shard-context.ts';
import { Shard } from '../shard/shard.ts';
import { decodeAssignmentData } from './assignment-data.ts';
import type { Lease } from './lease.ts';
import { ShardStoppedError } from './shard-stopped-error.ts';
import { Silences, silenceSentence, type Silence } from './silence.ts';
import type { TakeOver, TakenOver } from './take-over.ts';
import { Tenure } from './tenure.ts';

type TenancyOptions<State, Command, Event> = {
  readonly context: ShardContext<State, Command, Event>;
  readonly member: GroupMember;
  readonly intake: Intake;
  readonly takeOver: TakeOver;
  readonly committer: Pick<Committer, 'holds' | 'kick' | 'release'>;
  readonly lease: Pick<Lease, 'opensAtMs'>;
  /** A tenure begins to run, or is over: who waits for that may look. */
  readonly onTurn: (partition: number) => void;
  readonly warmUp: WarmUp;
  readonly formerStates: Pick<FormerStates, 'ask'>;
};

/** Shards that take over at the same time. What they ask is asked for all of them together; the log bounds how many read the event topic at a time. */
const TAKE_OVERS_MAX = 64;
const DRAIN_POLL_MS = 2;

/** Which partitions a worker holds, in what phase, and their shards. Follows the group's assignments; see Tenure for the phases. */
export class Tenancy<State, Command, Event> {
  readonly #options: TenancyOptions<State, Command, Event>;
  readonly #tenures = new Map<number, Tenure>();
  readonly #shards = new Map<number, Shard<State, Command, Event>>();
  readonly #takeOvers = new Limiter(TAKE_OVERS_MAX);
  readonly #silences: Silences;
  #releasesUnderWay = 0;
  #closed = false;

  constructor(options: TenancyOptions<State, Command, Event>) {
    this.#options = options;
    this.#silences = new Silences(options.context.clock);
  }

  /** The tenures that have not ended, by partition. */
  held(): Tenure[] {
    return [...this.#tenures.values()]
      .filter(({ isHeld }) => isHeld)
      .sort((a, b) => a.partition - b.partition);
  }

  /** The last tenure of a partition; it may be over. */
  tenure(partition: number): Tenure | undefined {
    return this.#tenures.get(partition);
  }

  shards(): Iterable<Shard<State, Command, Event>> {
    return this.#shards.values();
  }

  shard(partition: number): Shard<State, Command, Event> | undefined {
    return this.#shards.get(partition);
  }

  /** How long a shard was silent when it came here; undefined before it runs. */
  silence(partition: number): Silence | undefined {
    return this.#silences.of(partition);
  }

  /**
   * What a JoinGroup claims: the partitions whose tenures have not ended. What has ended is out of every transaction by then, unless that takes longer than draining may: then the
   * group refuses its offsets, or the next owner waits for them.
   */
  async claims(): Promise<readonly number[]> {
    const { clock, limits, timers } = this.#options.context;
    this.#silences.joining();
    const deadlineMs = clock.monotonicMs() + limits.drainTimeoutMs;
    while (this.#releasesUnderWay > 0 && clock.monotonicMs() < deadlineMs) {
      await sleep(timers, DRAIN_POLL_MS);
    }
    return this.held().map(({ partition }) => partition);
  }

  assigned(generation: Generation, assignment: MemberAssignment): void {
    const assigned = new Set(assignment.partitions);
    const { revoking, map } = decodeAssignmentData(assignment.userData);
    for (const tenure of this.held()) {
      if (assigned.has(tenure.partition)) tenure.confirm(generation.generationId);
      else this.#lose(tenure, 'It was assigned to another worker.');
    }
    if (this.#closed) return;
    const coming = assignment.partitions.filter(
      (partition) => !revoking.includes(partition) && this.#tenures.get(partition)?.isHeld !== true,
    );
    this.#silences.assigned({ generationId: generation.generationId, map }, coming);
    const incoming = this.#options.formerStates.ask(coming);
    for (const partition of coming) {
      const owner = map?.members[map.owners[partition] ?? -1];
      this.#begin(
        partition,
        generation,
        map !== undefined && owner?.memberId !== generation.memberId,
        incoming.get(partition),
      );
    }
    if (revoking.length > 0) void this.#rebalance(revoking);
  }

  /** Out of the group, or fenced: whatever was decided, nothing of it may be committed any more. */
  loseAll(reason: string): void {
    for (const tenure of this.held()) this.#lose(tenure, reason);
  }

  /** Drains every shard. Nothing is taken over afterwards. The journal writer keeps the tails: what they hold is still to be written. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.held().map((tenure) => this.#giveUp(tenure)));
  }

  /** The shard keeps its partition and stops; `error` says why. */
  fail(partition: number, error: Error): void {
    const tenure = this.#tenures.get(partition);
    if (tenure === undefined || !tenure.lasts) return;
    tenure.apply('failed', error.message);
    const code = error instanceof ShardStoppedError ? error.code : 'failed';
    const { report } = this.#options.context;
    report('error', `Shard ${partition} is stopped: ${error.message}`, { code, error });
    void this.#release(tenure);
  }

  #begin(
    partition: number,
    generation: Generation,
    isMisplaced: boolean,
    incoming: IncomingStates | undefined,
  ): void {
    const { context, takeOver } = this.#options;
    context.report(
      'info',
      `Partition [${partition}] assigned to current node. Updating shard allocation`,
    );
    if (isMisplaced) {
      context.report('error', `Shard ${partition} was given to this worker and to another one.`);
    }
    const tenure = new Tenure({
      partition,
      generationId: generation.generationId,
      answersFromMs: this.#options.lease.opensAtMs(partition),
      isMisplaced,
    });
    this.#tenures.set(partition, tenure);
    void this.#takeOvers
      .run(() => takeOver.take(tenure))
      .then((taken) => this.#ready(tenure, taken, incoming))
      .catch((error: unknown) => {
        incoming?.drop();
        if (!tenure.lasts) return;
        this.fail(partition, error instanceof Error ? error : new Error(String(error)));
      });
  }

  #ready(
    tenure: Tenure,
    { tail, positions }: TakenOver,
    incoming: IncomingStates | undefined,
  ): void {
    if (!tenure.lasts) {
      tail.clear();
      incoming?.drop();
      return;
    }
    tenure.apply('ready');
    const { context, intake } = this.#options;
    const inputs = context.topics.inputs.map((topic) => {
      const position = positions.get(topic);
      assert(position !== undefined, 'Every input has a position after taking over.');
      const { topicId } = context.topics.get(topic);
      return { from: { topic, topicId, partition: tenure.partition }, position };
    });
    const shard = new Shard({ context, tenure, tail, inputs, incoming });
    this.#shards.set(tenure.partition, shard);
    context.journalWriter.add(tenure.partition, tail);
    intake.add(shard.queues);
    this.#options.onTurn(tenure.partition);
    this.#tellSilence(tenure.partition);
    void this.#warmUp(shard, incoming);
  }

  /** Where the former owner gave its states nothing needs to be read ahead. */
  async #warmUp(
    shard: Shard<State, Command, Event>,
    incoming: IncomingStates | undefined,
  ): Promise<void> {
    await incoming?.settled;
    if (incoming?.hasBrought !== true) await this.#options.warmUp.start(shard);
  }

  #tellSilence(partition: number): void {
    const silence = this.#silences.end(partition);
    if (silence === undefined) return;
    const { counters, report } = this.#options.context;
    if (silence.isWhole) counters.shardSilence.observe(silence.ms);
    report('info', silenceSentence(partition, silence));
  }

  async #rebalance(revoking: readonly number[]): Promise<void> {
    const draining = this.held().filter(({ phase }) => phase === 'draining');
    this.#options.context.report(
      'info',
      `Starting rebalance for shards [${revoking.join(',')}]. Current shards rebalancing: [${draining.map(({ partition }) => partition).join(',')}]`,
    );
    const tenures = this.held().filter(({ partition }) => revoking.includes(partition));
    await Promise.all(tenures.map((tenure) => this.#giveUp(tenure)));
    if (!this.#closed) this.#options.member.rejoin();
  }

  /** Lets what is decided commit, then ends the tenure; what takes too long is dropped. */
  async #giveUp(tenure: Tenure): Promise<void> {
    const shard = this.#shardOf(tenure);
    if (tenure.apply('give-up') === 'draining') {
      assert(shard !== undefined, 'A shard that drains was running.');
      const { clock, report } = this.#options.context;
      const startMs = clock.monotonicMs();
      const isDrained = await this.#drain(tenure, shard);
      if (isDrained) this.#options.context.retired.keep(shard.retired());
      tenure.apply(isDrained ? 'drained' : 'lost');
      const took = `${Math.round(clock.monotonicMs() - startMs)} ms after it decided its last`;
      const how = isDrained ? 'was given up' : 'was dropped with a transaction under way';
      report('info', `Shard ${tenure.partition} ${how}, ${took}.`);
    }
    await this.#release(tenure);
  }

  async #drain(tenure: Tenure, shard: Shard<State, Command, Event>): Promise<boolean> {
    const { committer, context, intake } = this.#options;
    intake.remove(shard.queues);
    const deadlineMs = context.clock.monotonicMs() + context.limits.drainTimeoutMs;
    while (tenure.lasts && context.clock.monotonicMs() <= deadlineMs) {
      if (!shard.decisions.hasAny && !committer.holds(tenure)) return true;
      committer.kick();
      await sleep(context.timers, DRAIN_POLL_MS);
    }
    return false;
  }

  #lose(tenure: Tenure, reason: string): void {
    if (!tenure.isHeld) return;
    tenure.apply('lost');
    this.#options.context.report('info', `Shard ${tenure.partition} was dropped. ${reason}`);
    void this.#release(tenure);
  }

  /** After the tenure: the transaction that holds anything of it is aborted, and its memory given back. */
  async #release(tenure: Tenure): Promise<void> {
    const { committer, context, intake, onTurn } = this.#options;
    onTurn(tenure.partition);
    const shard = this.#shardOf(tenure);
    const leavesTail = !this.#closed;
    if (shard !== undefined) {
      this.#shards.delete(tenure.partition);
      intake.remove(shard.queues);
      if (leavesTail) context.journalWriter.remove(tenure.partition);
    }
    this.#releasesUnderWay += 1;
    await committer.release(tenure);
    this.#releasesUnderWay -= 1;
    shard?.drop();
    if (leavesTail) shard?.tail.clear();
    context.onWork(); // there is room for the other shards
  }

  /** The partition may have another tenure meanwhile, whose shard is not this one's. */
  #shardOf(tenure: Tenure): Shard<State, Command, Event> | undefined {
    const shard = this.#shards.get(tenure.partition);
    return shard?.tenure === tenure ? shard : undefined;
  }
}
