import assert from 'node:assert/strict';
import type {
  Assignor,
  Generation,
  GroupMember,
  GroupMemberOptions,
  MemberAssignment,
} from '../group-member.ts';
import type { Log } from '../log.ts';
import { cooperativeAssignor } from './cooperative-assignor.ts';

export type CaseMemberOptions = Pick<GroupMemberOptions, 'groupId' | 'topics'> &
  Partial<GroupMemberOptions> & {
    /** Sent as user data. */
    readonly name: string;
    readonly partitionCount: number;
    /** Called before each JoinGroup; the test may hold it up. */
    readonly beforeJoin?: () => Promise<void>;
  };

export type Assigned = { readonly generation: Generation; readonly partitions: readonly number[] };

/**
 * A member whose owner takes every partition it is assigned, gives up what it is no longer assigned, and joins again to say so. It keeps what happens,
 * and checks that the listener is called as promised.
 */
export class CaseMember {
  readonly member: GroupMember;
  readonly assigned: Assigned[] = [];
  readonly lost: string[] = [];
  readonly fatal: Error[] = [];
  /** Times that beforeJoin was called. */
  joinCount = 0;
  owned: readonly number[] = [];
  readonly #options: CaseMemberOptions;
  #isInBeforeJoin = false;
  #waiting: (() => void)[] = [];
  #violation: Error | undefined;

  constructor(log: Log, options: CaseMemberOptions) {
    this.#options = options;
    const assignor: Assignor = cooperativeAssignor(options.partitionCount);
    const { name, partitionCount: _, beforeJoin: __, ...rest } = options;
    this.member = log.openGroupMember({
      protocolName: 'contract',
      assignor,
      userData: new TextEncoder().encode(name),
      ...rest,
    });
  }

  start(): Promise<void> {
    return this.member.start({
      beforeJoin: () => this.#beforeJoin(),
      onAssigned: (generation, assignment) =>
        this.#notice(() => this.#onAssigned(generation, assignment)),
      onLost: (reason) =>
        this.#notice(() => {
          this.lost.push(reason);
          this.owned = [];
        }),
      onFatal: (error) => this.#notice(() => this.fatal.push(error)),
    });
  }

  /** Waits until the last assignment is this one, and nothing is left to be given up. */
  owns(...partitions: readonly number[]): Promise<void> {
    const expected = partitions.join();
    return this.until(() => this.member.current() !== undefined && this.owned.join() === expected);
  }

  async until(isSo: () => boolean): Promise<void> {
    for (;;) {
      if (this.#violation) throw this.#violation;
      if (isSo()) return;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async leave(): Promise<void> {
    await this.member.leave();
    if (this.#violation) throw this.#violation;
  }

  async #beforeJoin(): Promise<readonly number[]> {
    this.#notice(() => {
      assert.ok(!this.#isInBeforeJoin, 'beforeJoin is not called twice at a time.');
      this.#isInBeforeJoin = true;
      this.joinCount += 1;
    });
    await this.#options.beforeJoin?.();
    this.#isInBeforeJoin = false;
    return this.owned;
  }

  #onAssigned(generation: Generation, { partitions }: MemberAssignment): void {
    assert.ok(!this.#isInBeforeJoin, 'onAssigned does not come while beforeJoin is awaited.');
    assert.deepEqual(this.member.current(), generation);
    const isLess = this.owned.some((partition) => !partitions.includes(partition));
    this.assigned.push({ generation, partitions });
    this.owned = partitions;
    if (isLess) this.member.rejoin();
  }

  #notice(event: () => void): void {
    try {
      event();
    } catch (error) {
      this.#violation ??= error as Error;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
