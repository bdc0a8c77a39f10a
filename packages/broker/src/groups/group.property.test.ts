import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ErrorCode } from '../wire/error-codes.ts';
import { assignmentFor, GroupHarness, JOIN_REQUEST, subscriptionOf } from './group-harness.ts';
import type { Pending } from './group-harness.ts';
import type { JoinResponse, SyncResponse } from './group-messages.ts';

/** A client that follows the protocol, more or less: it may stop, come back, or change its mind. */
type Client = {
  readonly instance: string | null;
  memberId: string;
  /** -1: in none. */
  generationId: number;
  /** The last answered join, while its assignment has not been asked for. */
  joined: JoinResponse | undefined;
  join: Pending<JoinResponse> | undefined;
  sync: Pending<SyncResponse> | undefined;
};

const command = fc.oneof(
  { weight: 30, arbitrary: fc.record({ act: fc.constant('go on'), who: fc.nat(4) }) },
  { weight: 10, arbitrary: fc.record({ act: fc.constant('heartbeat'), who: fc.nat(4) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('join again'), who: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('change'), who: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('leave'), who: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('forget'), who: fc.nat(4) }) },
  { weight: 8, arbitrary: fc.record({ act: fc.constant('wait'), who: fc.nat(12_000) }) },
  { weight: 8, arbitrary: fc.record({ act: fc.constant('durable'), who: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('write fails'), who: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('restart'), who: fc.nat(4) }) },
);

test('a group keeps its promises whatever its members do, and whenever it restarts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 50, maxLength: 300, size: 'max' }),
      async (commands) => {
        const world = new World();
        for (const { act, who } of commands) await world.take(act, who);
        await world.finish();
      },
    ),
    { numRuns: 200 },
  );
});

class World {
  readonly harness = new GroupHarness({ initialRebalanceDelayMs: 50 });
  readonly clients: Client[] = [null, null, null, 'static-1', 'static-2'].map((instance) => ({
    ...{ instance, memberId: '', generationId: -1 },
    ...{ joined: undefined, join: undefined, sync: undefined },
  }));
  readonly #requests: { answers: unknown[] }[] = [];
  /** What is known of each generation since the last restart. */
  #leaders = new Map<number, string>();
  #stableGenerationId = 0;

  constructor() {
    this.harness.heldWrites = [];
  }

  async take(act: string, who: number): Promise<void> {
    const client = this.clients[who % this.clients.length];
    assert.ok(client);
    if (act === 'go on') this.#goOn(client);
    else if (act === 'heartbeat') this.#heartbeat(client);
    else if (act === 'join again') this.#join(client);
    else if (act === 'change') this.#join(client, 'changed its mind');
    else if (act === 'leave') this.#leave(client);
    else if (act === 'forget') reset(client);
    else if (act === 'wait') this.harness.timers.advance(who);
    else if (act === 'durable') for (const { succeed } of this.#writes()) succeed();
    else if (act === 'write fails') for (const { fail } of this.#writes()) fail();
    else if (act === 'restart') this.#restart();
    await this.harness.settle();
    for (const each of this.clients) this.#readAnswers(each);
    this.#checkRequests();
  }

  /** When time has run out for everybody, every request has had its one answer. */
  async finish(): Promise<void> {
    for (let round = 0; round < 10; round++) {
      for (const { succeed } of this.#writes()) succeed();
      await this.harness.settle();
      this.harness.timers.advance(60_000);
      await this.harness.settle();
    }
    assert.equal(this.harness.group.phaseName, 'Empty');
    for (const { answers } of this.#requests) assert.equal(answers.length, 1);
  }

  /** Does what the protocol asks for next. */
  #goOn(client: Client): void {
    if (client.join || client.sync) return;
    const { joined } = client;
    if (joined === undefined) return this.#join(client);
    const { generationId, memberId } = joined;
    const assignments = joined.members.map((member) => ({
      memberId: member.memberId,
      assignment: assignmentFor(`${member.memberId} in ${generationId}`),
    }));
    const { instance: groupInstanceId } = client;
    client.sync = this.harness.sync({ memberId, groupInstanceId, generationId, assignments });
    client.joined = undefined;
    this.#requests.push(client.sync);
  }

  #join(client: Client, userData = ''): void {
    client.joined = undefined;
    client.sync = undefined;
    client.join = this.harness.join({
      ...{ memberId: client.memberId, groupInstanceId: client.instance },
      protocols: [{ name: 'range', metadata: subscriptionOf(['topic'], userData) }],
      rebalanceTimeoutMs: JOIN_REQUEST.sessionTimeoutMs,
    });
    this.#requests.push(client.join);
  }

  #heartbeat(client: Client): void {
    const { memberId, instance: groupInstanceId, generationId } = client;
    const identity = { memberId, groupInstanceId, generationId };
    const code = this.harness.group.heartbeat(identity);
    const commit = this.harness.group.checkCommit(identity, { isTransactional: true });
    if (commit === ErrorCode.NONE && generationId >= 0) {
      const members = this.harness.group.describe().members.map((member) => member.memberId);
      assert.ok(members.includes(memberId), 'only a member commits');
      assert.equal(generationId, this.#presentGeneration(), 'only in the present generation');
    }
    if (code === ErrorCode.REBALANCE_IN_PROGRESS && !client.join) this.#join(client);
    const isLost = code === ErrorCode.UNKNOWN_MEMBER_ID || code === ErrorCode.FENCED_INSTANCE_ID;
    if (isLost && !client.join) reset(client);
  }

  #leave(client: Client): void {
    const { memberId, instance: groupInstanceId } = client;
    this.harness.group.leave({ memberId, groupInstanceId });
    reset(client);
  }

  #restart(): void {
    // What is being written is lost, with its answers.
    this.harness.heldWrites = [];
    const { stored } = this.harness;
    while (stored.length > 0 && !this.#isDurable.has(stored.length)) stored.pop();
    this.harness.restart();
    this.#requests.length = 0;
    this.#leaders = new Map();
    for (const client of this.clients) {
      Object.assign(client, { joined: undefined, join: undefined, sync: undefined });
    }
    assert.ok(
      (this.harness.group.stored?.generationId ?? 0) >= this.#stableGenerationId,
      'a generation that was given out is not forgotten',
    );
  }

  /** Counts of stored groups that became durable. */
  readonly #isDurable = new Set<number>();

  #writes() {
    const held = this.harness.heldWrites ?? [];
    const first = this.harness.stored.length - held.length;
    this.harness.heldWrites = [];
    return held.map(({ succeed, fail }, index) => ({
      fail,
      succeed: () => {
        this.#isDurable.add(first + index + 1);
        succeed();
      },
    }));
  }

  #readAnswers(client: Client): void {
    const join = client.join?.answer;
    if (join) {
      client.join = undefined;
      this.#onJoined(client, join);
    }
    const sync = client.sync?.answer;
    if (sync) {
      client.sync = undefined;
      this.#onSynced(client, sync);
    }
  }

  #onJoined(client: Client, join: JoinResponse): void {
    if (join.errorCode === ErrorCode.MEMBER_ID_REQUIRED) client.memberId = join.memberId;
    else if (join.errorCode !== ErrorCode.NONE) reset(client);
    if (join.errorCode !== ErrorCode.NONE) return;
    client.memberId = join.memberId;
    client.generationId = join.generationId;
    client.joined = join;
    const leader = personOf(join.leader);
    const before = this.#leaders.get(join.generationId) ?? leader;
    assert.equal(before, leader, 'a generation has one leader');
    this.#leaders.set(join.generationId, leader);
    const isLeader = join.leader === join.memberId;
    assert.equal(join.members.length > 0, isLeader, 'the leader, and nobody else, sees everybody');
  }

  #onSynced(client: Client, sync: SyncResponse): void {
    if (sync.errorCode === ErrorCode.REBALANCE_IN_PROGRESS) return;
    if (sync.errorCode !== ErrorCode.NONE) return reset(client);
    this.#stableGenerationId = Math.max(this.#stableGenerationId, client.generationId);
    const share = Buffer.from(sync.assignment).toString();
    assert.ok(
      share === '' || share.endsWith(`in ${client.generationId}`),
      'a share is of the generation that was asked for',
    );
    if (client.instance === null && share !== '') {
      assert.ok(share.includes(`${client.memberId} in`), 'a member gets its own share');
    }
  }

  #presentGeneration(): number {
    const { group } = this.harness;
    const [member] = group.describe().members;
    assert.ok(member);
    const { memberId, groupInstanceId } = member;
    for (let generationId = 0; generationId < 1_000; generationId++) {
      const code = group.heartbeat({ memberId, groupInstanceId, generationId });
      if (code !== ErrorCode.ILLEGAL_GENERATION) return generationId;
    }
    throw new Error('the group is in no generation');
  }

  #checkRequests(): void {
    for (const { answers } of this.#requests) {
      assert.ok(answers.length <= 1, 'a request is answered once');
    }
  }
}

/** A static member that leads stays leader under its next id. */
function personOf(memberId: string): string {
  return memberId.startsWith('static') ? memberId.replace(/-\d+$/, '') : memberId;
}

function reset(client: Client): void {
  Object.assign(client, { memberId: '', generationId: -1, joined: undefined });
  Object.assign(client, { join: undefined, sync: undefined });
}
