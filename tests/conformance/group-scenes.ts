import { ErrorCode, WireClient, WireProducer } from '@chat-cluster/broker/testing';
import { messages } from '@chat-cluster/broker/wire';

const { addOffsetsToTxn, heartbeat, joinGroup, leaveGroup, offsetCommit, syncGroup } = messages;
const { txnOffsetCommit } = messages;

/** A request that is not answered within this time is parked. */
const PARKED_AFTER_MS = 400;
const SESSION_TIMEOUT_MS = 10_000;

/** A phase that a group can be brought to over the wire. */
export type ScenePhase = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

type Member = { readonly memberId: string; readonly groupInstanceId: string | null };

type JoinRequest = {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly version: number;
  readonly protocolType: string;
  readonly protocols: { readonly name: string; readonly metadata: Uint8Array }[];
};

/**
 * A group with a leader, a follower, a static member and a pending id, in a chosen phase, on whatever broker listens on the
 * port; and what is asked of it. Every request has a connection of its own: a parked one holds up those behind it.
 */
export class GroupScene {
  readonly groupId = `group-${crypto.randomUUID()}`;
  readonly #port: number;
  readonly #topic: string;
  readonly #clients: WireClient[] = [];
  leader: Member = { memberId: '', groupInstanceId: null };
  follower: Member = this.leader;
  fixed: Member = this.leader;
  pending = '';
  generationId = -1;

  private constructor(port: number, topic: string) {
    this.#port = port;
    this.#topic = topic;
  }

  static async open(of: { port: number; topic: string; phase: ScenePhase }): Promise<GroupScene> {
    const scene = new GroupScene(of.port, of.topic);
    await scene.#bringTo(of.phase);
    scene.pending = (await scene.joinWith({})).memberId;
    return scene;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  /** The error code of a join, undefined if it is parked. */
  async join(of: Partial<JoinRequest>): Promise<number | undefined> {
    return orParked(this.joinWith(of).then(({ errorCode }) => errorCode));
  }

  async joinWith(of: Partial<JoinRequest>) {
    const { version = 6, ...request } = of;
    const client = await this.#client();
    return client.call(joinGroup, version, {
      ...{ groupId: this.groupId, memberId: '', protocolType: 'consumer' },
      ...{ sessionTimeoutMs: SESSION_TIMEOUT_MS, rebalanceTimeoutMs: 30_000 },
      protocols: [{ name: 'range', metadata: subscriptionOf('topic') }],
      ...request,
    });
  }

  async sync(
    member: Member,
    {
      generationId = this.generationId,
      protocolName = null as string | null,
      isLeader = false,
    } = {},
  ): Promise<number | undefined> {
    const client = await this.#client();
    const assignments = isLeader
      ? [{ memberId: member.memberId, assignment: Buffer.from('share') }]
      : [];
    const request = { groupId: this.groupId, ...member, generationId, assignments, protocolName };
    const answer = client.call(syncGroup, protocolName === null ? 4 : 5, {
      ...request,
      protocolType: 'consumer',
    });
    return orParked(answer.then(({ errorCode }) => errorCode));
  }

  async heartbeat(member: Member, generationId = this.generationId): Promise<number> {
    const client = await this.#client();
    const request = { groupId: this.groupId, ...member, generationId };
    return (await client.call(heartbeat, 4, request)).errorCode;
  }

  /** The code of the member, or of the request if that has one. */
  async leave(member: Member): Promise<number> {
    const client = await this.#client();
    const answer = await client.call(leaveGroup, 4, { groupId: this.groupId, members: [member] });
    return answer.errorCode || (answer.members[0]?.errorCode ?? 0);
  }

  async commit(member: Member, generationId = this.generationId): Promise<number> {
    const client = await this.#client();
    const { topics } = await client.call(offsetCommit, 8, {
      ...{ groupId: this.groupId, ...member, topics: this.#offsets() },
      generationIdOrMemberEpoch: generationId,
    });
    return topics[0]?.partitions[0]?.errorCode ?? -1;
  }

  async commitInTransaction(member: Member, generationId = this.generationId): Promise<number> {
    const client = await this.#client();
    const transactionalId = `tx-${crypto.randomUUID()}`;
    const producer = new WireProducer(client, { transactionalId, topic: this.#topic });
    await producer.init();
    const request = { transactionalId, groupId: this.groupId, ...producer.producer };
    await client.call(addOffsetsToTxn, 3, request);
    const { topics } = await client.call(txnOffsetCommit, 3, {
      ...{ ...request, ...member, generationId, topics: this.#offsets() },
    });
    return topics[0]?.partitions[0]?.errorCode ?? -1;
  }

  #offsets() {
    const partition = { partitionIndex: 0, committedOffset: 1, committedMetadata: '' };
    return [{ name: this.#topic, partitions: [partition] }];
  }

  async #bringTo(phase: ScenePhase): Promise<void> {
    await this.#complete();
    if (phase === 'CompletingRebalance') return;
    const follower = this.sync(this.follower);
    const fixed = this.sync(this.fixed);
    await this.sync(this.leader, { isLeader: true });
    await Promise.all([follower, fixed]);
    if (phase === 'PreparingRebalance') await this.join({ ...this.leader });
    if (phase !== 'Empty') return;
    for (const member of [this.leader, this.follower, this.fixed]) await this.leave(member);
    this.generationId += 1;
  }

  /** Three members that have joined the same generation. */
  async #complete(): Promise<void> {
    const dynamic = { groupInstanceId: null };
    // The first is alone in the first generation; it leads, and joins again when the others come.
    const { memberId } = await this.joinWith({ version: 3 });
    this.leader = { memberId, ...dynamic };
    const follower = this.joinWith({ version: 3 });
    const fixed = this.joinWith({ groupInstanceId: 'static' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [led, followed, stayed] = await Promise.all([
      this.joinWith({ memberId, ...dynamic }),
      follower,
      fixed,
    ]);
    this.follower = { memberId: followed.memberId, ...dynamic };
    this.fixed = { memberId: stayed.memberId, groupInstanceId: 'static' };
    this.generationId = led.generationId;
  }

  async #client(): Promise<WireClient> {
    const client = await WireClient.connect(this.#port);
    this.#clients.push(client);
    return client;
  }
}

/** The metadata of a consumer that subscribes to one topic. */
export function subscriptionOf(topic: string): Uint8Array {
  const head = Buffer.from([0, 0, 0, 0, 0, 1, 0, topic.length]);
  const noUserData = Buffer.from([0xff, 0xff, 0xff, 0xff]);
  return Buffer.concat([head, Buffer.from(topic), noUserData]);
}

/** The name of an error code; parked if there is none. */
export function nameOf(code: number | undefined): string {
  if (code === undefined) return 'parked';
  return Object.entries(ErrorCode).find(([, known]) => known === code)?.[0] ?? String(code);
}

async function orParked(answer: Promise<number>): Promise<number | undefined> {
  answer.catch(() => {}); // when the scene is over its connections break
  const parked = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), PARKED_AFTER_MS);
  });
  return Promise.race([answer, parked]);
}
