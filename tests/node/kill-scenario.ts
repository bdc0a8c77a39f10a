import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { within } from '../crash/within.ts';
import { askConversation, waysOfAsking } from './ask-conversation.ts';
import { Chat, keysAt } from './chat.ts';
import { NodeCounts } from './locality-counts.ts';
import { MOVE_WAIT_MS, type NodeCluster, PARTITION_COUNT } from './node-cluster.ts';
import type { NodeProgram } from './node-program.ts';
import { underTraffic } from './traffic.ts';
import { Watches } from './watches.ts';

/** Of a shard that comes, the entities of so many of its newest events are read ahead. */
const READ_AHEAD_EVENTS_MAX = 1_000;
/** In each shard of the node that is killed, with one event each. */
const ACTIVE_COUNT = READ_AHEAD_EVENTS_MAX + 100;
/** So far behind what has been sent, or before it, a watch begins. */
const AWAY_COUNT = 3;
/** Less than the second for which a dead owner's lease may last. */
const IMPATIENT_MS = 500;
/** On a busy machine a shard moves for longer than the default of 5 s allows. */
const PATIENT_MS = 30_000;
/** Nothing tells when reading ahead is over. */
const SAME_TIMES = 4;

/** Two nodes of a cluster, one of which is killed. */
export function describeKill(cluster: () => NodeCluster): void {
  describe('kill -9 of a node, while messages, questions and watches go on', () => {
    let scene: Kill;
    before(async () => {
      scene = await Kill.prepare(cluster());
    });
    after(() => scene[Symbol.asyncDispose]());

    it('each question is answered right in time or refused with a sentence, all once the shards have moved, and no watch misses an event or gets it twice', (t) =>
      scene.kill(t));
    it('the other node reads the entities of the newest events ahead, and no more', () =>
      scene.assertReadAhead());
    it('no question fails, and no watch misses an event or gets it twice, when a node comes for it', () =>
      scene.comeBack());
  });
}

class Kill implements AsyncDisposable {
  readonly #cluster: NodeCluster;
  readonly #chat: Chat;
  readonly #survivor: NodeProgram;
  readonly #victimShards: readonly number[];
  readonly #watches: Watches[];
  readonly #before: NodeCounts;

  private constructor(options: {
    cluster: NodeCluster;
    chat: Chat;
    survivor: NodeProgram;
    victim: NodeProgram;
    victimShards: readonly number[];
    before: NodeCounts;
  }) {
    const { chat, survivor, victim } = options;
    this.#cluster = options.cluster;
    this.#chat = chat;
    this.#survivor = survivor;
    this.#victimShards = options.victimShards;
    this.#before = options.before;
    this.#watches = [
      new Watches([survivor.endpoint], chat.conversations),
      new Watches([victim.endpoint, survivor.endpoint], chat.conversations),
    ];
  }

  /** Makes conversations active in the shards of the node that will be killed. */
  static async prepare(cluster: NodeCluster): Promise<Kill> {
    const { kafkaPort, nodes } = cluster;
    const [survivor, victim] = nodes;
    assert.ok(survivor !== undefined && victim !== undefined && nodes.length === 2);
    const chat = await Chat.open({ kafkaPort, partitionCount: PARTITION_COUNT, name: 'kill' });
    const atStart = await NodeCounts.of(nodes);
    const victimShards = (await victim.shards()).map(({ shardId }) => Number(shardId));
    for (const home of victimShards) {
      const keys = { partitionCount: PARTITION_COUNT, name: 'once', count: ACTIVE_COUNT };
      await chat.sayOnce(keysAt(home, keys), home);
    }
    await NodeCounts.untilDecided(nodes, atStart, victimShards.length * ACTIVE_COUNT);
    const counts = await NodeCounts.of([survivor]);
    return new Kill({ cluster, chat, survivor, victim, victimShards, before: counts });
  }

  async kill(t: TestContext): Promise<void> {
    const { refusals } = await this.#underTraffic(async () => {
      const killing = this.#cluster.killLast();
      const impatient = this.#askImpatiently();
      // While nobody owns half of the shards; some from before what has been sent, some from after it.
      const { endpoint } = this.#survivor;
      const seqFrom = [
        (sentCount: number) => Math.max(0, sentCount - AWAY_COUNT),
        (sentCount: number) => sentCount + AWAY_COUNT,
      ];
      for (const from of seqFrom) {
        this.#watches.push(
          new Watches([endpoint], this.#chat.conversations, ({ sentCount }) => from(sentCount)),
        );
      }
      assert.deepEqual(await impatient, []);
      await killing;
      await this.#untilAllAnswer();
      for (const conversation of this.#chat.conversations) {
        for (const way of waysOfAsking) {
          assert.equal(
            await askConversation(this.#chat, conversation, { endpoint, way }),
            undefined,
          );
        }
      }
    });
    t.diagnostic(`${refusals.length} questions were refused. ${refusals[0] ?? ''}`);
  }

  async assertReadAhead(): Promise<void> {
    let counts = this.#before;
    let sameTimes = 0;
    const warmed = (): number =>
      counts.sum('entities_warmed') - this.#before.sum('entities_warmed');
    await within(MOVE_WAIT_MS, async () => {
      const warmedBefore = warmed();
      counts = await NodeCounts.of([this.#survivor]);
      sameTimes = warmed() > 0 && warmed() === warmedBefore ? sameTimes + 1 : 0;
      return sameTimes > SAME_TIMES ? undefined : `Nothing more is read ahead: ${warmed()}.`;
    });
    const warmedMax = this.#victimShards.length * READ_AHEAD_EVENTS_MAX;
    assert.ok(warmed() <= warmedMax, `${warmed()} of ${warmedMax}`);
  }

  async comeBack(): Promise<void> {
    const coming = async (): Promise<void> => void (await this.#cluster.add());
    const { refusals } = await this.#underTraffic(coming, PATIENT_MS);
    assert.deepEqual(refusals, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#watches.map((watches) => watches[Symbol.asyncDispose]()));
    await this.#chat[Symbol.asyncDispose]();
  }

  /** Resolves with what was answered although nobody may answer yet: a new owner waits for longer than these. */
  async #askImpatiently(): Promise<readonly string[]> {
    const { endpoint } = this.#survivor;
    const orphans = this.#chat.conversations.filter(({ home }) =>
      this.#victimShards.includes(home),
    );
    const asking = { endpoint, way: 'plain', timeoutMs: IMPATIENT_MS } as const;
    const refusals = await Promise.all(
      orphans.map((conversation) => askConversation(this.#chat, conversation, asking)),
    );
    return orphans.flatMap(({ key }, index) => (refusals[index] === undefined ? [key] : []));
  }

  /** A new owner waits for as long as the dead one might have answered. */
  #untilAllAnswer(): Promise<void> {
    return within(MOVE_WAIT_MS, async () => {
      const shards = await this.#survivor.shards();
      const silent = shards.filter(({ mayAnswer }) => !mayAnswer).map(({ shardId }) => shardId);
      return silent.length > 0 ? `Shards ${silent.join()} answer.` : undefined;
    });
  }

  /** Without a time-out the node's default counts. */
  async #underTraffic(
    during: () => Promise<void>,
    timeoutMs?: number,
  ): ReturnType<typeof underTraffic> {
    const endpoints = [this.#survivor.endpoint];
    const traffic = { chat: this.#chat, endpoints, timeoutMs, watches: this.#watches };
    const counts = await underTraffic(traffic, during);
    for (const watches of this.#watches) await watches.untilAllSeen();
    return counts;
  }
}
