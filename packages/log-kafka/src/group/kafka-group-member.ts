import { assert, deferred, sleep } from '@chat-cluster/kernel';
import {
  type Generation,
  type GroupListener,
  type GroupMember,
  type GroupMemberOptions,
  LogError,
  type MemberAssignment,
} from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import type { Cluster } from '../connections/cluster.ts';
import { kafkaErrorName, logErrorOf } from '../connections/kafka-errors.ts';
import { isPassing, retryBackoffMs } from '../connections/retry-passing.ts';
import { meaningOf } from './answer-meaning.ts';
import { assignAsLeader } from './assign-as-leader.ts';
import { readAssignment, writeSubscription } from './consumer-protocol.ts';
import { type GroupRequests, type JoinAnswer, KafkaGroupRequests } from './group-requests.ts';
import { Heartbeats } from './heartbeats.ts';

/**
 * What the member is doing.
 *
 * | from | to | when |
 * | --- | --- | --- |
 * | idle | preparing | start() |
 * | preparing | joining | beforeJoin was answered |
 * | joining | syncing | JoinGroup was answered |
 * | syncing | assigned | SyncGroup was answered |
 * | assigned | preparing | the group rebalances, or rejoin() |
 * | syncing | preparing | the group rebalances again |
 * | preparing, joining, syncing, assigned | preparing | lost: as a new member; where the session passed in silence, as the same one |
 * | any | stopped | leave(), abandon(), a fatal failure |
 */
type Phase = 'idle' | 'preparing' | 'joining' | 'syncing' | 'assigned' | 'stopped';

/** The port's GroupMember: the classic protocol of consumer groups, in generations. */
export class KafkaGroupMember implements GroupMember {
  readonly #context: AdapterContext;
  readonly #options: GroupMemberOptions;
  readonly #requests: GroupRequests;
  readonly #heartbeats: Heartbeats;
  readonly #started = deferred<void>();
  #listener: GroupListener | undefined;
  #phase: Phase = 'idle';
  /** Empty until the coordinator has given one, and after it has refused it. */
  #memberId = '';
  #generation: Generation | undefined;
  /** The generation in which what is owned was assigned; -1 for none. */
  #assignedGenerationId = -1;
  #isRejoinAsked = false;
  /** Counts the memberships that were lost, so that what was under way for an earlier one is recognised. */
  #lossCount = 0;
  #wake: () => void = () => undefined;

  constructor(
    from: { readonly context: AdapterContext; readonly cluster: Cluster },
    options: GroupMemberOptions,
    requests?: GroupRequests,
  ) {
    assert(
      options.userData.byteLength < USER_DATA_BYTES_MAX,
      'The user data of a member has under 100 bytes.',
    );
    const { sessionTimeoutMs = TIMEOUT_MS, rebalanceTimeoutMs = TIMEOUT_MS } = options;
    this.#context = from.context;
    this.#options = options;
    this.#requests =
      requests ??
      new KafkaGroupRequests(from, { ...options, sessionTimeoutMs, rebalanceTimeoutMs });
    this.#heartbeats = new Heartbeats({
      clock: from.context.clock,
      timers: from.context.timers,
      intervalMs: options.heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS,
      sessionTimeoutMs,
      send: (generation) => this.#requests.heartbeat(generation),
      onRebalance: () => this.#onRebalance(),
      onRefused: (reason) => this.#onRefused(reason),
      onSessionOver: (reason) => this.#lose(reason, 'as-the-same'),
    });
    this.#started.promise.catch(() => undefined); // who does not wait for the start is told through the listener
  }

  start(listener: GroupListener): Promise<void> {
    assert(this.#phase === 'idle', 'A member is started once.');
    this.#listener = listener;
    this.#phase = 'preparing';
    this.#run(listener).catch((error: unknown) => this.#fail(error));
    return this.#started.promise;
  }

  current(): Generation | undefined {
    return this.#generation;
  }

  rejoin(): void {
    this.#isRejoinAsked = true;
    this.#wake();
  }

  confirm(): Promise<Generation> {
    return this.#heartbeats.confirm();
  }

  lastConfirmedMs(): number {
    return this.#heartbeats.lastConfirmedMs;
  }

  async leave(): Promise<void> {
    const memberId = this.#memberId;
    const wasStopped = this.#isStopped;
    this.#stop('This member has left the group.');
    if (wasStopped) return;
    if (memberId !== '') await this.#sendLeave(memberId, 'The member was stopped.');
    await this.#requests.close();
  }

  abandon(): void {
    this.#stop('This member was abandoned.');
    void this.#requests.close();
  }

  /** For the log's end: a member that has not left is abandoned. */
  close(): Promise<void> {
    this.abandon();
    return Promise.resolve();
  }

  get isClosed(): boolean {
    return this.#isStopped;
  }

  get #isStopped(): boolean {
    return this.#phase === 'stopped';
  }

  async #run(listener: GroupListener): Promise<void> {
    while (!this.#isStopped) {
      this.#isRejoinAsked = false;
      this.#phase = 'preparing';
      const lossCount = this.#lossCount;
      const owned = await listener.beforeJoin();
      if (this.#isOutdated(lossCount)) continue;
      const joined = await this.#join(owned, lossCount);
      if (!joined) continue;
      const assignment = await this.#sync(joined, lossCount);
      if (!assignment) continue;
      this.#assigned(listener, assignment);
      await this.#untilRejoin(lossCount);
    }
  }

  /** Undefined when this membership was lost meanwhile. */
  async #join(owned: readonly number[], lossCount: number): Promise<JoinAnswer | undefined> {
    this.#phase = 'joining';
    for (let failures = 0; ; failures += 1) {
      if (failures > 0) await sleep(this.#context.timers, retryBackoffMs(failures));
      if (this.#isOutdated(lossCount)) return undefined;
      const answer = await this.#answerOf('JoinGroup', () =>
        this.#requests.join({ memberId: this.#memberId, metadata: this.#subscription(owned) }),
      );
      if (this.#isOutdated(lossCount)) return undefined;
      const meaning = answer && meaningOf(answer.errorCode);
      if (!answer || meaning === 'again' || meaning === 'rebalance') continue;
      if (meaning === 'lost' || meaning === 'refused') {
        this.#giveUp('JoinGroup', answer.errorCode);
        return undefined;
      }
      this.#memberId = answer.memberId;
      if (meaning === 'accepted') return answer;
      failures = -1; // a member id was given, which is no failure: join with it at once
    }
  }

  /** Undefined when the group rebalances again, or this membership was lost meanwhile. */
  async #sync(joined: JoinAnswer, lossCount: number): Promise<Assigned | undefined> {
    const { memberId, generationId, leaderId } = joined;
    const generation = { memberId, generationId };
    this.#phase = 'syncing';
    this.#generation = undefined;
    this.#heartbeats.begin(generation);
    const assignments = leaderId === memberId ? assignAsLeader(joined, this.#options) : [];
    for (let failures = 0; ; failures += 1) {
      if (failures > 0) await sleep(this.#context.timers, retryBackoffMs(failures));
      if (this.#isOutdated(lossCount)) return undefined;
      const sentMs = this.#context.clock.monotonicMs();
      const answer = await this.#answerOf('SyncGroup', () =>
        this.#requests.sync({ generation, assignments }),
      );
      if (this.#isOutdated(lossCount)) return undefined;
      const meaning = answer && meaningOf(answer.errorCode);
      if (!answer || meaning === 'again') continue;
      if (meaning === 'accepted') {
        return { generation, assignment: readAssignment(answer.assignment), sentMs };
      }
      if (meaning !== 'rebalance') this.#giveUp('SyncGroup', answer.errorCode);
      return undefined;
    }
  }

  /** @throws LogError when joining anew would not help */
  #giveUp(what: string, errorCode: number): void {
    if (meaningOf(errorCode) !== 'lost') throw logErrorOf(errorCode, what);
    this.#lose(`${what} was answered with ${kafkaErrorName(errorCode)}.`);
  }

  #assigned(listener: GroupListener, { generation, assignment, sentMs }: Assigned): void {
    this.#phase = 'assigned';
    this.#generation = generation;
    this.#assignedGenerationId = generation.generationId;
    this.#heartbeats.assigned(sentMs);
    this.#context.report({
      kind: 'group-joined',
      message: `${generation.memberId} was given ${assignment.partitions.length} partitions in generation ${generation.generationId} of ${this.#options.groupId}.`,
    });
    listener.onAssigned(generation, assignment);
    this.#started.resolve();
  }

  #subscription(ownedPartitions: readonly number[]): Buffer {
    const { userData, topics } = this.#options;
    const ownedGenerationId = this.#assignedGenerationId;
    return writeSubscription({ userData, ownedPartitions, ownedGenerationId }, topics);
  }

  /** Undefined when the answer was lost. */
  async #answerOf<Answer>(what: string, send: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await send();
    } catch (cause) {
      if (!isPassing(cause) && !this.#isStopped) throw cause;
      this.#context.report({ kind: 'group-retried', message: `${what} is sent again.`, cause });
      return undefined;
    }
  }

  async #untilRejoin(lossCount: number): Promise<void> {
    if (this.#isRejoinAsked || this.#isOutdated(lossCount)) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  #isOutdated(lossCount: number): boolean {
    return this.#isStopped || this.#lossCount !== lossCount;
  }

  #onRebalance(): void {
    if (this.#phase === 'assigned') this.rejoin();
  }

  /** While a JoinGroup is under way its answer decides: the generation may just have changed. */
  #onRefused(reason: string): void {
    if (this.#phase === 'assigned' || this.#phase === 'preparing') this.#lose(reason);
  }

  /**
   * Every tenure is over. `as-the-same` where nothing was heard for a session: the coordinator may have died, and its successor waits a
   * session for each member that it reads of; who came back with another id would wait for himself.
   */
  #lose(reason: string, joins: 'as-new' | 'as-the-same' = 'as-new'): void {
    if (this.#isStopped) return;
    const memberId = this.#memberId;
    this.#lossCount += 1;
    this.#phase = 'preparing';
    this.#requests.dropJoin(); // its answer would be for the member that we no longer are
    this.#forget(reason);
    if (joins === 'as-the-same') this.#memberId = memberId;
    // The coordinator may still wait for a member that we no longer are.
    else if (memberId !== '') void this.#sendLeave(memberId, 'The member was lost.');
    if (memberId !== '') {
      this.#context.report({ kind: 'group-lost', message: `${memberId} was lost: ${reason}` });
      this.#listener?.onLost(reason);
    }
    this.#wake();
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    const failure = error instanceof Error ? error : new Error(String(error));
    this.#started.reject(failure);
    this.#stop('This member has failed.');
    void this.#requests.close();
    this.#listener?.onFatal(failure);
  }

  #stop(reason: string): void {
    if (this.#isStopped) return;
    this.#phase = 'stopped';
    this.#forget(reason);
    this.#started.reject(new LogError('closed', reason));
    this.#wake();
  }

  #forget(reason: string): void {
    this.#memberId = '';
    this.#generation = undefined;
    this.#assignedGenerationId = -1;
    this.#heartbeats.end(reason);
  }

  /** A coordinator that does not hear it gives the member up after its session. */
  async #sendLeave(memberId: string, reason: string): Promise<void> {
    for (let attempt = 1; attempt <= LEAVE_ATTEMPTS_MAX; attempt += 1) {
      const errorCode = await this.#requests.leave(memberId, reason).catch(() => undefined);
      if (errorCode !== undefined && meaningOf(errorCode) !== 'again') return;
    }
  }
}

type Assigned = {
  readonly generation: Generation;
  readonly assignment: MemberAssignment;
  readonly sentMs: number;
};

const TIMEOUT_MS = 6_000;
const HEARTBEAT_INTERVAL_MS = 250;
const LEAVE_ATTEMPTS_MAX = 3;
const USER_DATA_BYTES_MAX = 100;
