import { assert, deferred, sleep, type Deferred } from '@chat-cluster/kernel';
import type {
  Generation,
  GroupListener,
  GroupMember,
  GroupMemberOptions,
  MemberAssignment,
} from './group-member.ts';
import { LogError } from './log-error.ts';
import { isLost, refusalOf, toLogError } from './memory-broker-error.ts';
import type { MemoryBroker } from './memory-broker.ts';
import type { MemoryConnection } from './memory-connection.ts';
import type { JoinAnswer, JoinRequest } from './memory-group.ts';
import { MemoryHeartbeat } from './memory-heartbeat.ts';

export type MemoryGroupMemberOptions = GroupMemberOptions & {
  readonly broker: MemoryBroker;
  readonly connection: MemoryConnection;
  readonly clientHost: string;
};

/**
 * What the member is doing.
 *
 * | from | to | when |
 * | --- | --- | --- |
 * | idle | joining | start() |
 * | joining | syncing | JoinGroup was answered |
 * | syncing | assigned | SyncGroup was answered |
 * | assigned, syncing | joining | the group rebalances, or rejoin() |
 * | any but idle, stopped | joining | lost: as a new member |
 * | any | stopped | leave(), abandon(), a fatal failure |
 */
type Phase = 'idle' | 'joining' | 'syncing' | 'assigned' | 'stopped';

/** How one attempt to get an assignment ended. */
type Round = 'assigned' | 'again' | 'stopped';

/** The `GroupMember` of a `MemoryLog`. */
export class MemoryGroupMember implements GroupMember {
  readonly #options: MemoryGroupMemberOptions;
  readonly #heartbeat: MemoryHeartbeat;
  readonly #started: Deferred<void> = deferred();
  #listener: GroupListener | undefined;
  #phase: Phase = 'idle';
  /** Empty until the coordinator has given one, and after being lost. */
  #memberId = '';
  /** The last one that was assigned; kept while the next one is asked for. */
  #assignedGenerationId = -1;
  #generation: Generation | undefined;
  #isRejoinAsked = false;
  #isLost = false;
  #wake: () => void = () => {};

  constructor(options: MemoryGroupMemberOptions) {
    this.#options = options;
    this.#heartbeat = new MemoryHeartbeat({
      clock: options.broker.clock,
      timers: options.broker.timers,
      intervalMs: options.heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS,
      sessionTimeoutMs: this.#sessionTimeoutMs,
      send: (generation) =>
        options.connection.call('Heartbeat', () =>
          options.broker.group(options.groupId).heartbeat(generation),
        ),
      onRebalance: () => this.rejoin(),
      onLost: (reason) => this.#lose(reason),
    });
    this.#started.promise.catch(() => {}); // who did not wait for the start is not told twice
  }

  start(listener: GroupListener): Promise<void> {
    assert(this.#phase === 'idle', 'A member is started once.');
    this.#listener = listener;
    this.#phase = 'joining';
    this.#run().catch((error: unknown) => this.#fail(error));
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
    if (this.#phase === 'assigned') return this.#heartbeat.confirm();
    return Promise.reject(notAMember('This member has no assignment now.'));
  }

  lastConfirmedMs(): number {
    return this.#heartbeat.lastConfirmedMs;
  }

  async leave(): Promise<void> {
    const memberId = this.#memberId;
    this.#stop();
    if (memberId === '') return;
    const { broker, connection, groupId } = this.#options;
    for (let attempt = 1; attempt <= LEAVE_ATTEMPTS_MAX; attempt += 1) {
      try {
        await connection.call('LeaveGroup', () => broker.group(groupId).leave(memberId));
        return;
      } catch (error) {
        if (!isLost(error)) throw toLogError(error);
      }
    }
  }

  abandon(): void {
    this.#stop();
  }

  /** As when its process dies: the listener is called no more, and no promise settles. */
  crash(): void {
    this.#phase = 'stopped';
    this.#heartbeat.freeze();
  }

  get #sessionTimeoutMs(): number {
    return this.#options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS;
  }

  get #rebalanceTimeoutMs(): number {
    return this.#options.rebalanceTimeoutMs ?? REBALANCE_TIMEOUT_MS;
  }

  get #isStopped(): boolean {
    return this.#phase === 'stopped';
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      if ((await this.#joinRound()) !== 'assigned') continue;
      await this.#untilRejoin();
    }
  }

  async #joinRound(): Promise<Round> {
    this.#isLost = false;
    this.#isRejoinAsked = false;
    const ownedPartitions = await this.#listener!.beforeJoin();
    if (this.#isStopped || this.#isLost) return 'again';
    this.#phase = 'joining';
    this.#heartbeat.stop('This member joins again.');
    const joined = await this.#join(ownedPartitions);
    if (!joined) return 'again';
    this.#phase = 'syncing';
    this.#generation = undefined;
    const assignment = await this.#sync(joined);
    if (!assignment) return 'again';
    this.#phase = 'assigned';
    this.#generation = joined.generation;
    this.#assignedGenerationId = joined.generation.generationId;
    this.#heartbeat.start(joined.generation);
    this.#listener!.onAssigned(joined.generation, assignment);
    this.#started.resolve();
    return this.#isStopped ? 'stopped' : 'assigned';
  }

  /** Undefined when the member was lost or stopped meanwhile. */
  async #join(ownedPartitions: readonly number[]): Promise<Joined | undefined> {
    const { broker, connection, groupId } = this.#options;
    const answer = await this.#ask('JoinGroup', () => {
      const request = this.#joinRequest(ownedPartitions);
      const join = (): Promise<JoinAnswer> | JoinAnswer => broker.group(groupId).join(request);
      return connection.call('JoinGroup', join, this.#rebalanceTimeoutMs);
    });
    if (answer?.kind !== 'member-id-required') return answer;
    this.#memberId = answer.memberId;
    return this.#join(ownedPartitions);
  }

  async #sync({ generation, leaderId, members }: Joined): Promise<MemberAssignment | undefined> {
    const { broker, connection, groupId, assignor } = this.#options;
    let assignments: ReadonlyMap<string, MemberAssignment> = new Map();
    if (generation.memberId === leaderId) {
      assignments = assignor(members);
      assert(
        members.every(({ memberId }) => assignments.has(memberId)),
        'An assignor gives every member something, if only nothing.',
      );
    }
    const sync = (): Promise<MemberAssignment> | MemberAssignment =>
      broker.group(groupId).sync({ generation, assignments });
    return this.#ask('SyncGroup', () =>
      connection.call('SyncGroup', sync, this.#rebalanceTimeoutMs),
    );
  }

  /** Asks until it is answered. Undefined when the answer makes the member join again, or it was stopped meanwhile. */
  async #ask<T>(what: string, send: () => Promise<T>): Promise<T | undefined> {
    const { clock, timers } = this.#options.broker;
    while (!this.#isStopped) {
      const sentMs = clock.monotonicMs();
      try {
        const answer = await send();
        if (this.#isStopped) return undefined;
        this.#heartbeat.acknowledge(sentMs);
        return answer;
      } catch (error) {
        if (this.#isStopped) return undefined;
        const refusal = refusalOf(error);
        if (refusal === 'REBALANCE_IN_PROGRESS') return undefined;
        if (refusal === 'UNKNOWN_MEMBER_ID' || refusal === 'ILLEGAL_GENERATION') {
          this.#lose(`${what} was refused: ${String(error)}`);
          return undefined;
        }
        if (!isLost(error)) throw toLogError(error);
        await sleep(timers, RETRY_BACKOFF_MS);
        if (this.#heartbeat.isSessionOver) this.#lose('No answer came for a session time-out.');
        if (this.#isLost) return undefined;
      }
    }
    return undefined;
  }

  #joinRequest(ownedPartitions: readonly number[]): JoinRequest {
    return {
      memberId: this.#memberId,
      clientHost: this.#options.clientHost,
      protocolName: this.#options.protocolName,
      topics: this.#options.topics,
      userData: this.#options.userData,
      ownedPartitions,
      ownedGenerationId: this.#assignedGenerationId,
      sessionTimeoutMs: this.#sessionTimeoutMs,
      rebalanceTimeoutMs: this.#rebalanceTimeoutMs,
    };
  }

  #untilRejoin(): Promise<void> {
    if (this.#isRejoinAsked || this.#isLost || this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #lose(reason: string): void {
    if (this.#isStopped || this.#isLost) return;
    const hadMembership = this.#memberId !== '';
    this.#isLost = true;
    this.#phase = 'joining';
    this.#forgetMembership(reason);
    if (hadMembership) this.#listener?.onLost(reason);
    this.#wake();
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    const failure = error instanceof Error ? error : new Error(String(error));
    this.#started.reject(failure);
    this.#stop();
    this.#listener?.onFatal(failure);
  }

  #stop(): void {
    this.#phase = 'stopped';
    this.#forgetMembership('This member has left the group.');
    this.#started.reject(new LogError('closed', 'The member left before its first assignment.'));
    this.#wake();
  }

  #forgetMembership(reason: string): void {
    this.#memberId = '';
    this.#generation = undefined;
    this.#assignedGenerationId = -1;
    this.#heartbeat.stop(reason);
    this.#heartbeat.forget();
  }
}

type Joined = Extract<JoinAnswer, { kind: 'joined' }>;

function notAMember(message: string): LogError {
  return new LogError('not-a-member', message);
}

const SESSION_TIMEOUT_MS = 6_000;
const REBALANCE_TIMEOUT_MS = 6_000;
const HEARTBEAT_INTERVAL_MS = 250;
const RETRY_BACKOFF_MS = 100;
const LEAVE_ATTEMPTS_MAX = 3;
