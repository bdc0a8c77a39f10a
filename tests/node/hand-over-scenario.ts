import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { Chat, keysAt } from './chat.ts';
import { inputCounts, NodeCounts, type InputCounts } from './locality-counts.ts';
import { type NodeCluster, PARTITION_COUNT } from './node-cluster.ts';
import type { NodeProgram } from './node-program.ts';
import { movedBetween, pausedWhile, tenuresOf, type Tenures } from './shard-moves.ts';
import { underTraffic } from './traffic.ts';
import { Watches } from './watches.ts';

/** So long a question may take; on a busy machine a shard moves for longer than the default of 5 s allows. */
const ASK_WAIT_MS = 30_000;
const MOVED_COUNT = PARTITION_COUNT / 3;
const TRIES_MAX = 3;
/** What nodes say then. */
const DISORDER = /Shard \d+ was dropped[^"]*|Nobody gave it up[^"]*/;

/** Two nodes of a cluster; a third one comes, and goes. */
export function describeHandOver(cluster: () => NodeCluster): void {
  describe('a third node that comes, and goes, while messages, questions and watches go on', () => {
    let scene: HandOver;
    before(async () => {
      scene = await HandOver.prepare(cluster());
    });
    after(() => scene[Symbol.asyncDispose]());

    it('no question fails, and no watch misses an event or gets it twice', (t) => scene.come(t));
    it('a third of the shards moves, and the others run on where they are', () =>
      scene.assertSticky());
    it('it goes on with the states that the owners before had, of no more than were active', () =>
      scene.assertHandedOver());
    it('each record was decided once, by the node that fetched it', () => scene.assertLocal());
    it('a record on another partition than its own shows as a hop, at the node that fetched it', () =>
      scene.plantMisplaced());
    it('no question fails, and no watch misses an event or gets it twice, when it goes', () =>
      scene.go());
  });
}

type Counts = { readonly nodes: NodeCounts; readonly input: InputCounts };

/** What there was before the third node came. */
type Beginning = Counts & {
  readonly tenures: Tenures;
  readonly sentCount: number;
  /** Of what each node had said. */
  readonly saidLengths: readonly number[];
};

class HandOver implements AsyncDisposable {
  readonly #cluster: NodeCluster;
  readonly #chat: Chat;
  readonly #watches: Watches;
  #beginning: Beginning;
  #paused: readonly string[] = [];
  #moved: readonly string[] = [];

  private constructor(cluster: NodeCluster, chat: Chat, beginning: Beginning) {
    this.#cluster = cluster;
    this.#chat = chat;
    this.#beginning = beginning;
    const [{ endpoint } = assert.fail('It runs.')] = this.#cluster.nodes;
    this.#watches = new Watches([endpoint], this.#chat.conversations);
  }

  static async prepare(cluster: NodeCluster): Promise<HandOver> {
    const options = { kafkaPort: cluster.kafkaPort, partitionCount: PARTITION_COUNT };
    const chat = await Chat.open({ ...options, name: 'hand-over' });
    return new HandOver(cluster, chat, await beginningOf(cluster, chat));
  }

  /** A node that gets no processor for seconds falls out of the group, or does not drain in time. That is no hand-over in order: then the third one comes once more. */
  async come(t: TestContext): Promise<void> {
    for (let tries = 1; ; tries++) {
      await this.#comeOnce();
      const disorder = this.#saidSince().join('\n').match(DISORDER)?.[0];
      if (disorder === undefined) return;
      assert.ok(tries < TRIES_MAX, disorder);
      t.diagnostic(`It comes once more: ${disorder}`);
      await this.#underTraffic(() => this.#cluster.removeLast());
      this.#beginning = await beginningOf(this.#cluster, this.#chat);
    }
  }

  async assertSticky(): Promise<void> {
    const newcomer = this.#newcomer.endpoint;
    const now = await tenuresOf(this.#cluster);
    assert.equal(this.#moved.length, MOVED_COUNT);
    for (const shard of this.#moved) {
      const { silence, worker } = now.get(shard) ?? assert.fail(`Somebody has shard ${shard}.`);
      assert.equal(worker, newcomer);
      const { isWhole } = silence as { readonly isWhole: boolean };
      assert.ok(isWhole, `Shard ${shard} was given up in order.`);
    }
    const stayed = this.#paused.filter((shard) => !this.#moved.includes(shard));
    assert.deepEqual(stayed, [], 'No shard that stays paused.');
    assert.deepEqual(this.#paused, this.#moved, 'A shard that moves is seen to.');
  }

  async assertHandedOver(): Promise<void> {
    const counts = await NodeCounts.of([this.#newcomer]);
    const handedOver = counts.sum('entities_handed_over');
    const recovered = counts.sum('entities_recovered');
    const said = this.#saidSince().join('\n');
    assert.ok(handedOver > 0 && handedOver <= recovered, `${handedOver} of ${recovered}\n${said}`);
    // There is one conversation in each shard.
    assert.ok(handedOver <= MOVED_COUNT, `${handedOver}`);
  }

  async assertLocal(): Promise<void> {
    const sentCount = this.#sentCount;
    const { nodes, input } = await this.#decided(sentCount);
    assert.equal(this.#since(nodes, 'records_decided'), sentCount, 'Each is decided once.');
    assertFetchedIsDecided(nodes);
    for (const name of ['forwarded', 'records_misplaced']) assert.equal(nodes.sum(name), 0, name);
    assert.deepEqual(nodes.each('locality_ratio'), [1, 1, 1]);
    assert.ok(
      nodes.each('records_decided').every((count) => count > 0),
      'Each node decided some.',
    );
    // Without markers: nothing was written there in a transaction.
    const { copies, offsets } = this.#beginning.input;
    assert.deepEqual(input, { copies, offsets: offsets + sentCount });
  }

  async plantMisplaced(): Promise<void> {
    const [away] = this.#moved;
    const partition = Number(away);
    const { home } = this.#chat.conversations.find(({ home: at }) => at !== partition)!;
    const keys = { partitionCount: PARTITION_COUNT, name: 'misplaced', count: 1 };
    const sentCount = this.#sentCount;
    await this.#chat.sayOnce(keysAt(home, keys), partition);
    // Where it was found, and its copy at home.
    const { nodes, input } = await this.#decided(sentCount + 2);
    assert.equal(this.#since(nodes, 'records_decided'), sentCount + 2);
    assertFetchedIsDecided(nodes);
    assert.deepEqual(nodes.each('forwarded'), [0, 0, 1]);
    const [, , decided = 0] = nodes.each('records_decided');
    assert.deepEqual(nodes.each('locality_ratio'), [1, 1, 1 - 1 / decided]);
    assert.equal(input.copies, this.#beginning.input.copies + 1);
  }

  async go(): Promise<void> {
    await this.#underTraffic(() => this.#cluster.removeLast());
    const changed = movedBetween(this.#beginning.tenures, await tenuresOf(this.#cluster));
    assert.deepEqual(changed, this.#moved, 'The others are where they were, as they were.');
    for (const ratio of (await NodeCounts.of(this.#cluster.nodes)).each('locality_ratio')) {
      assert.equal(ratio, 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watches[Symbol.asyncDispose]();
    await this.#chat[Symbol.asyncDispose]();
  }

  get #newcomer(): NodeProgram {
    return this.#cluster.nodes[2] ?? assert.fail('It has come.');
  }

  get #sentCount(): number {
    return sentCountOf(this.#chat) - this.#beginning.sentCount;
  }

  #since(nodes: NodeCounts, name: string): number {
    return nodes.sum(name) - this.#beginning.nodes.sum(name);
  }

  /** What each node has said since the beginning. */
  #saidSince(): readonly string[] {
    const { saidLengths } = this.#beginning;
    return this.#cluster.nodes.map(({ program }, index) =>
      program.stdout.slice(saidLengths[index]),
    );
  }

  async #comeOnce(): Promise<void> {
    await this.#underTraffic(async () => {
      const coming = async (): Promise<void> => void (await this.#cluster.add());
      const { lookCount, paused } = await pausedWhile(this.#cluster, coming);
      assert.ok(lookCount > 10, `It was looked ${lookCount} times.`);
      this.#paused = paused;
    });
    this.#moved = movedBetween(this.#beginning.tenures, await tenuresOf(this.#cluster));
  }

  async #decided(count: number): Promise<Counts> {
    const { nodes } = this.#cluster;
    const counts = await NodeCounts.untilDecided(nodes, this.#beginning.nodes, count);
    return { nodes: counts, input: await inputCounts(this.#chat.log) };
  }

  async #underTraffic(during: () => Promise<void>): Promise<void> {
    const endpoints = this.#cluster.nodes.map(({ endpoint }) => endpoint).slice(0, 2);
    const watches = [this.#watches];
    const traffic = { chat: this.#chat, endpoints, timeoutMs: ASK_WAIT_MS, watches };
    const { refusals } = await underTraffic(traffic, during);
    assert.deepEqual(refusals, []);
    await this.#watches.untilAllSeen();
  }
}

async function beginningOf(cluster: NodeCluster, chat: Chat): Promise<Beginning> {
  return {
    nodes: await NodeCounts.of(cluster.nodes),
    input: await inputCounts(chat.log),
    tenures: await tenuresOf(cluster),
    sentCount: sentCountOf(chat),
    saidLengths: cluster.nodes.map(({ program }) => program.stdout.length),
  };
}

function sentCountOf({ conversations }: Chat): number {
  return conversations.reduce((sum, { sentCount }) => sum + sentCount, 0);
}

/** What a node fetched it decided itself, or left to the next owner of the shard. */
function assertFetchedIsDecided(counts: NodeCounts): void {
  const [decided, left] = [counts.each('records_decided'), counts.each('records_left')];
  const expected = decided.map((count, node) => count + (left[node] ?? 0));
  assert.deepEqual(counts.each('records_fetched'), expected);
}
