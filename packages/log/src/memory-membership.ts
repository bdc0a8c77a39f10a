import type { Cancel, Timers } from '@chat-cluster/kernel';
import type { MemberAssignment, MemberSubscription } from './group-member.ts';
import type { JoinAnswer, JoinRequest } from './memory-group.ts';

type Parked<T> = { resolve(answer: T): void; reject(error: unknown): void };

/**
 * One member as the coordinator sees it: what it last said, what it was given, its session, and the answers it waits for. Its session begins anew
 * with each answer that it has waited for.
 */
export class MemoryMembership {
  request: JoinRequest;
  assignment: MemberAssignment = NO_ASSIGNMENT;
  readonly #timers: Timers;
  readonly #onSessionOver: () => void;
  #join: Parked<JoinAnswer> | undefined;
  #sync: Parked<MemberAssignment> | undefined;
  #cancelSession: Cancel = () => {};

  constructor(options: {
    readonly request: JoinRequest;
    readonly timers: Timers;
    readonly onSessionOver: () => void;
  }) {
    this.request = options.request;
    this.#timers = options.timers;
    this.#onSessionOver = options.onSessionOver;
  }

  get memberId(): string {
    return this.request.memberId;
  }

  get subscription(): MemberSubscription {
    const { memberId, userData, ownedPartitions, ownedGenerationId } = this.request;
    return { memberId, userData, ownedPartitions, ownedGenerationId };
  }

  get hasJoined(): boolean {
    return this.#join !== undefined;
  }

  get hasSynced(): boolean {
    return this.#sync !== undefined;
  }

  /** Whether a JoinGroup says nothing that this member has not said before. */
  isSame(request: JoinRequest): boolean {
    return (
      this.request.ownedGenerationId === request.ownedGenerationId &&
      isSameList(this.request.ownedPartitions, request.ownedPartitions) &&
      isSameList([...this.request.userData], [...request.userData]) &&
      isSameList(this.request.topics, request.topics)
    );
  }

  /** Its session begins anew. */
  renewSession(): void {
    this.#cancelSession();
    this.#cancelSession = this.#timers.after(this.request.sessionTimeoutMs, () => {
      // Who waits for an answer cannot send heartbeats meanwhile.
      if (this.hasJoined || this.hasSynced) this.renewSession();
      else this.#onSessionOver();
    });
  }

  /** The answer to a JoinGroup waits for the others. One that was asked for before is given up: its asker asks again. */
  parkJoin(): Promise<JoinAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<JoinAnswer>();
    this.#join = { resolve, reject };
    return promise;
  }

  /** The answer to a SyncGroup waits for the leader's. */
  parkSync(): Promise<MemberAssignment> {
    const { promise, resolve, reject } = Promise.withResolvers<MemberAssignment>();
    this.#sync = { resolve, reject };
    return promise;
  }

  answerJoin(answer: JoinAnswer): void {
    const parked = this.#join;
    this.#join = undefined;
    this.assignment = NO_ASSIGNMENT;
    this.renewSession();
    parked?.resolve(answer);
  }

  answerSync(assignment: MemberAssignment | undefined): void {
    const parked = this.#sync;
    this.#sync = undefined;
    this.assignment = assignment ?? NO_ASSIGNMENT;
    if (!parked) return;
    this.renewSession();
    parked.resolve(this.assignment);
  }

  refuseSync(error: unknown): void {
    const parked = this.#sync;
    if (!parked) return;
    this.#sync = undefined;
    this.renewSession();
    parked.reject(error);
  }

  /** It is out of the group. */
  end(error: unknown): void {
    this.#join?.reject(error);
    this.#join = undefined;
    this.refuseSync(error);
    this.#cancelSession();
  }
}

const NO_ASSIGNMENT: MemberAssignment = { partitions: [], userData: new Uint8Array() };

function isSameList<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
