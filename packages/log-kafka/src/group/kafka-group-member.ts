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
import {
  isCoordinatorMoving,
  kafkaError,
  kafkaErrorName,
  logErrorOf,
} from '../connections/kafka-errors.ts';
import { isPassing, retryBackoffMs } from '../connections/retry-passing.ts';
import {
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
} from './consumer-protocol.ts';
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
 * | preparing, joining, syncing, assigned | preparing | lost: as a new member |
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
  /** Empty until the coordinator has given one, and after being lost. */
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
      onSessionOver: (reason) => this.#lose(reason),
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
      if (!answer || isTransient(answer.errorCode)) continue;
      if (answer.errorCode === kafkaError.memberIdRequired) {
        this.#memberId = answer.memberId;
        failures = -1; // no failure: ask again at once
        continue;
      }
      if (isRefusal(answer.errorCode)) {
        this.#lose(`JoinGroup was answered with ${kafkaErrorName(answer.errorCode)}.`);
        return undefined;
      }
      if (answer.errorCode !== kafkaError.none) throw logErrorOf(answer.errorCode, 'JoinGroup');
      this.#memberId = answer.memberId;
      return answer;
    }
  }

  /** Undefined when the group rebalances again, or this membership was lost meanwhile. */
  async #sync(joined: JoinAnswer, lossCount: number): Promise<Assigned | undefined> {
    const { memberId, generationId } = joined;
    const generation = { memberId, generationId };
    this.#phase = 'syncing';
    this.#generation = undefined;
    this.#heartbeats.begin(generation);
    const assignments = joined.leaderId === memberId ? this.#assign(joined) : [];
    for (let failures = 0; ; failures += 1) {
      if (failures > 0) await sleep(this.#context.timers, retryBackoffMs(failures));
      if (this.#isOutdated(lossCount)) return undefined;
      const sentMs = this.#context.clock.monotonicMs();
      const answer = await this.#answerOf('SyncGroup', () =>
        this.#requests.sync({ generation, assignments }),
      );
      if (this.#isOutdated(lossCount)) return undefined;
      if (answer?.errorCode === kafkaError.rebalanceInProgress) return undefined;
      if (!answer || isTransient(answer.errorCode)) continue;
      if (isRefusal(answer.errorCode)) {
        this.#lose(`SyncGroup was answered with ${kafkaErrorName(answer.errorCode)}.`);
        return undefined;
      }
      if (answer.errorCode !== kafkaError.none) throw logErrorOf(answer.errorCode, 'SyncGroup');
      return { generation, assignment: readAssignment(answer.assignment), sentMs };
    }
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

  /** The leader's part. */
  #assign(joined: JoinAnswer): { memberId: string; assignment: Buffer }[] {
    const { assignor, topics } = this.#options;
    const members = joined.members.map(({ memberId, metadata }) => ({
      memberId,
      ...readSubscription(metadata),
    }));
    const assignments = assignor(members);
    return members.map(({ memberId }) => {
      const assignment = assignments.get(memberId);
      assert(assignment, 'An assignor gives every member something, if only nothing.');
      return { memberId, assignment: writeAssignment(assignment, topics) };
    });
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

  #lose(reason: string): void {
    if (this.#isStopped) return;
    const memberId = this.#memberId;
    this.#lossCount += 1;
    this.#phase = 'preparing';
    this.#requests.dropJoin(); // its answer would be for the member that we no longer are
    this.#forget(reason);
    // The coordinator may still wait for a member that we no longer are.
    if (memberId !== '') {
      void this.#sendLeave(memberId, 'The member was lost.');
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
      if (errorCode !== undefined && !isCoordinatorMoving(errorCode)) return;
    }
  }
}

type Assigned = {
  readonly generation: Generation;
  readonly assignment: MemberAssignment;
  readonly sentMs: number;
};

/** The coordinator no longer counts on this member as it is. */
function isRefusal(errorCode: number): boolean {
  return (
    errorCode === kafkaError.unknownMemberId ||
    errorCode === kafkaError.illegalGeneration ||
    errorCode === kafkaError.fencedInstanceId
  );
}

function isTransient(errorCode: number): boolean {
  return (
    isCoordinatorMoving(errorCode) ||
    errorCode === kafkaError.rebalanceInProgress ||
    errorCode === kafkaError.unknownServerError
  );
}

const TIMEOUT_MS = 6_000;
const HEARTBEAT_INTERVAL_MS = 250;
const LEAVE_ATTEMPTS_MAX = 3;
const USER_DATA_BYTES_MAX = 100;
