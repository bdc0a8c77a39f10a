import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { ChatNode } from './chat-node.ts';
import { type Arming, type FusePoint, lastWords } from './fuse.ts';
import type { NodeProcessOptions } from './node-process.ts';
import { within } from './within.ts';

/** Two nodes that share the shards; each is started again after it died, with the same name. */
export class NodePair {
  readonly #options: Omit<NodeProcessOptions, 'name'>;
  readonly #nodes: [ChatNode, ChatNode];
  /** What dead processes wrote to their error output. */
  readonly #logs: string[] = [];

  private constructor(options: Omit<NodeProcessOptions, 'name'>, nodes: [ChatNode, ChatNode]) {
    this.#options = options;
    this.#nodes = nodes;
  }

  static async start(options: Omit<NodeProcessOptions, 'name'>): Promise<NodePair> {
    // The first one makes the topics.
    const first = await ChatNode.start({ ...options, name: NAMES[0] });
    return new NodePair(options, [first, await ChatNode.start({ ...options, name: NAMES[1] })]);
  }

  node(index: 0 | 1): ChatNode {
    return this.#nodes[index];
  }

  get nodes(): readonly ChatNode[] {
    return this.#nodes;
  }

  /** Resolves when the shards are spread over both nodes, or over those that live, and all run. */
  async untilSettled(): Promise<void> {
    await within(SETTLE_WAIT_MS, async () => {
      const living = this.#nodes.filter(({ program }) => program.isRunning);
      const shown = await Promise.all(living.map((node) => node.shards()));
      const counts = shown.map((shards = []) => shards.length);
      const running = shown.flat().filter((shard) => shard?.phase === 'running').length;
      const isSpread = counts.every((count) => count > 0);
      return isSpread && running === this.#options.partitionCount
        ? undefined
        : `All shards run: ${JSON.stringify(shown)}`;
    });
  }

  /** Resolves when everything that was sent is decided, committed and in the journal. */
  async untilThrough(): Promise<void> {
    let throughCount = 0;
    await within(THROUGH_WAIT_MS, async () => {
      const shown = (await Promise.all(this.#nodes.map((node) => node.shards()))).flat();
      const isThrough =
        shown.length === this.#options.partitionCount &&
        shown.every((shard) => shard?.phase === 'running' && shard.lag + shard.backlogCount === 0);
      throughCount = isThrough ? throughCount + 1 : 0;
      // A lag is as old as the last answer of the broker.
      return throughCount > THROUGH_TIMES ? undefined : `All is through: ${JSON.stringify(shown)}`;
    });
  }

  /** Lets a node run into its fuse; resolves when it has died there. */
  async blow(index: 0 | 1, arming: Arming): Promise<void> {
    this.node(index).arm(arming);
    await this.untilBlown(index, arming.point);
  }

  /** Resolves when the fuse of a node, armed for this point, has killed it. Fails when it dies otherwise, or not at all. */
  async untilBlown(index: 0 | 1, point: FusePoint): Promise<void> {
    const { program } = this.node(index);
    const timeout = new AbortController();
    const late = delay(FUSE_WAIT_MS, 'late' as const, { signal: timeout.signal }).catch(
      () => 'late',
    );
    const ended = await Promise.race([program.ended, late]);
    timeout.abort();
    assert.deepEqual(ended, { code: null, signal: 'SIGKILL' }, `Node ${index} dies at ${point}.`);
    assert.ok(program.stderr.includes(lastWords(point)), `The fuse ${point} killed node ${index}.`);
  }

  /** Lets a node run into its fuse, which stops it there as it is; resolves when it has. `wake` lets it go on. */
  async pause(index: 0 | 1, point: FusePoint): Promise<void> {
    const { program } = this.node(index);
    const pausesBefore = program.stderr.split(lastWords(point)).length;
    this.node(index).arm({ point, crossing: 1, signal: 'SIGSTOP' });
    await within(FUSE_WAIT_MS, () => {
      const isPaused = program.stderr.split(lastWords(point)).length > pausesBefore;
      return Promise.resolve(isPaused ? undefined : `Node ${index} stops at ${point}.`);
    });
  }

  wake(index: 0 | 1): void {
    process.kill(this.node(index).program.pid, 'SIGCONT');
  }

  /** Resolves when this node has and runs all shards. */
  async untilAlone(index: 0 | 1): Promise<void> {
    await within(SETTLE_WAIT_MS, async () => {
      const shown = (await this.node(index).shards()) ?? [];
      const running = shown.filter(({ phase }) => phase === 'running').length;
      return running === this.#options.partitionCount
        ? undefined
        : `Node ${index} runs ${running}.`;
    });
  }

  /** Starts a node that is dead. */
  async revive(index: 0 | 1): Promise<void> {
    this.#keepLog(index);
    this.#nodes[index] = await ChatNode.start({ ...this.#options, name: NAMES[index] });
  }

  /** Stops a node as a supervisor does, and starts it again. */
  async restart(index: 0 | 1): Promise<void> {
    assert.deepEqual(await this.node(index).program.stop(), { code: 0, signal: null });
    await this.revive(index);
  }

  async stop(): Promise<void> {
    const ended = await Promise.all(this.#nodes.map(({ program }) => program.stop()));
    for (const each of ended) assert.deepEqual(each, { code: 0, signal: null });
  }

  /** Everything that the nodes reported, dead ones included. */
  log(): string {
    for (const index of [0, 1] as const) this.#keepLog(index);
    return this.#logs.join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map(({ program }) => program[Symbol.asyncDispose]()));
  }

  #keepLog(index: 0 | 1): void {
    const lines = this.node(index)
      .program.stderr.split('\n')
      .filter((line) => line !== '');
    this.#logs.push(...lines.map((line) => `${NAMES[index]} ${line}\n`));
  }
}

const NAMES = ['node-a', 'node-b'] as const;

/** A node that dies is missed after its session time-out of 6 s; a slow machine takes longer for all. */
const SETTLE_WAIT_MS = 60_000;
const THROUGH_WAIT_MS = 120_000;
const FUSE_WAIT_MS = 60_000;
const THROUGH_TIMES = 4;
