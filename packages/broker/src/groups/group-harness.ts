import { ManualTimers } from '@chat-cluster/kernel';
import { ErrorCode } from '../wire/error-codes.ts';
import type { StoredGroup } from './group-change.ts';
import type { JoinRequest, JoinResponse, SyncRequest, SyncResponse } from './group-messages.ts';
import { GROUP_DEFAULTS, type GroupOptions } from './group-options.ts';
import { Group } from './group.ts';

/** The answer to a request that may have been parked: undefined until it is there. */
export type Pending<Response> = {
  readonly answers: Response[];
  readonly answer: Response | undefined;
};

/**
 * One group on timers that the test moves, with what it stored. For tests only.
 *
 * Writes to the journal are durable when `flush` says so (by default at the next microtask).
 */
export class GroupHarness {
  readonly timers = new ManualTimers();
  readonly stored: StoredGroup[] = [];
  readonly options: GroupOptions;
  group: Group;
  /** Set to hold writes back: then each is durable, or fails, when its entry is called. */
  heldWrites: { succeed: () => void; fail: () => void }[] | undefined;
  #memberCount = 0;

  constructor(options: Partial<GroupOptions> = {}) {
    this.options = { ...GROUP_DEFAULTS, initialRebalanceDelayMs: 0, ...options };
    this.group = this.#newGroup();
  }

  join(of: Partial<JoinRequest> = {}): Pending<JoinResponse> {
    const request: JoinRequest = { ...JOIN_REQUEST, ...of };
    return collect((reply) => this.group.join(request, reply));
  }

  sync(of: Partial<SyncRequest> & Pick<SyncRequest, 'memberId'>): Pending<SyncResponse> {
    const generationId = this.group.stored?.generationId ?? 0;
    const request: SyncRequest = { ...SYNC_REQUEST, generationId, ...of };
    return collect((reply) => this.group.sync(request, reply));
  }

  /** Lets what has been written become durable. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }

  /** A group in its first generation, Stable, with these members; the first one leads. */
  async stable(members: readonly Partial<JoinRequest>[] = [{}]): Promise<string[]> {
    const joined = await this.completing(members);
    const { generationId } = joined[0] ?? { generationId: 0 };
    const leader = joined[0]?.leader ?? '';
    const order = [leader, ...joined.map(({ memberId }) => memberId).filter((id) => id !== leader)];
    const assignments = order.map((memberId) => ({
      memberId,
      assignment: assignmentFor(memberId),
    }));
    for (const memberId of order) this.sync({ memberId, generationId, assignments });
    await this.settle();
    return order;
  }

  /** A group whose members have joined, and wait for the leader's assignment. */
  async completing(members: readonly Partial<JoinRequest>[] = [{}]): Promise<JoinResponse[]> {
    const joins = members.map((member) => this.join({ requiresMemberId: false, ...member }));
    this.timers.advance(this.options.initialRebalanceDelayMs + 1);
    this.timers.advance(this.options.initialRebalanceDelayMs + 1);
    await this.settle();
    return joins.map(({ answer }) => {
      if (answer === undefined) throw new Error('the first round did not complete');
      return answer;
    });
  }

  /** The group as a restart finds it. */
  restart(): void {
    this.group.close();
    const last = this.stored.at(-1);
    this.group = this.#newGroup();
    if (last) this.group.restore(last);
    this.group.startSessions();
  }

  #newGroup(): Group {
    return new Group('group', {
      clock: this.timers.clock,
      timers: this.timers,
      options: this.options,
      newMemberId: (prefix) => `${prefix}-${++this.#memberCount}`,
      store: (group) => {
        this.stored.push(group);
        const held = this.heldWrites;
        if (held === undefined) return Promise.resolve();
        return new Promise((succeed, fail) =>
          held.push({ succeed, fail: () => fail(new Error()) }),
        );
      },
    });
  }
}

export const SESSION_TIMEOUT_MS = 10_000;
export const REBALANCE_TIMEOUT_MS = 30_000;

/** What a client brings by default: a dynamic consumer that knows no better than `range`. */
export const JOIN_REQUEST: JoinRequest = {
  memberId: '',
  groupInstanceId: null,
  clientId: 'client',
  clientHost: '127.0.0.1',
  sessionTimeoutMs: SESSION_TIMEOUT_MS,
  rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: subscriptionOf(['topic']) }],
  requiresMemberId: true,
  canSkipAssignment: true,
};

const SYNC_REQUEST: Omit<SyncRequest, 'memberId' | 'generationId'> = {
  groupInstanceId: null,
  protocolType: null,
  protocolName: null,
  assignments: [],
};

/** The metadata of a consumer that subscribes to these topics; `userData` makes two of them differ. */
export function subscriptionOf(topics: readonly string[], userData = ''): Uint8Array {
  const head = Buffer.alloc(6);
  head.writeInt32BE(topics.length, 2);
  const names = topics.map((topic) => {
    const length = Buffer.alloc(2);
    length.writeInt16BE(Buffer.byteLength(topic));
    return Buffer.concat([length, Buffer.from(topic)]);
  });
  return Buffer.concat([head, ...names, Buffer.from(userData)]);
}

/** The share that the harness's leader gives a member. */
export function assignmentFor(memberId: string): Uint8Array {
  return Buffer.from(`share of ${memberId}`);
}

/** The name of an error code, for readable failures. */
export function nameOf(errorCode: number | undefined): string {
  if (errorCode === undefined) return 'parked';
  const named = Object.entries(ErrorCode).find(([, code]) => code === errorCode);
  return named?.[0] ?? String(errorCode);
}

function collect<Response>(ask: (reply: (response: Response) => void) => void): Pending<Response> {
  const answers: Response[] = [];
  ask((response) => answers.push(response));
  return {
    answers,
    get answer() {
      return answers[0];
    },
  };
}
