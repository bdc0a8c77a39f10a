import assert from 'node:assert/strict';
import { within } from '../crash/within.ts';
import type { Backend } from './backend.ts';
import { NodeProgram } from './node-program.ts';

export const PARTITION_COUNT = 12;
/** Until shards have moved. */
export const MOVE_WAIT_MS = 60_000;

/** Chat nodes that share one Kafka and one journal. */
export class NodeCluster implements AsyncDisposable {
  /** Those that should run, in the order in which they came. */
  readonly nodes: NodeProgram[] = [];
  readonly #backend: Backend;

  private constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Two nodes that have half of the shards each. */
  static async start(backend: Backend): Promise<NodeCluster> {
    const cluster = new NodeCluster(backend);
    try {
      await cluster.#start();
      await cluster.#start();
      await cluster.#untilSpread();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  get kafkaPort(): number {
    return this.#backend.kafkaPort;
  }

  /** One more node; resolves with it when it has its share. */
  async add(): Promise<NodeProgram> {
    const node = await this.#start();
    await this.#untilSpread();
    return node;
  }

  /** Stops the node that came last, as planned; resolves when the others have its shards. */
  async removeLast(): Promise<void> {
    assert.deepEqual(await this.nodes.at(-1)?.program.stop(), { code: 0, signal: null });
    this.nodes.pop();
    await this.#untilSpread();
  }

  /** kill -9 of the node that came last; resolves when the others have its shards. */
  async killLast(): Promise<void> {
    await this.nodes.pop()?.program.kill();
    await this.#untilSpread();
  }

  /** Stops all of them, as planned. */
  async stop(): Promise<void> {
    const ended = await Promise.all(this.nodes.splice(0).map(({ program }) => program.stop()));
    for (const each of ended) assert.deepEqual(each, { code: 0, signal: null });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map(({ program }) => program[Symbol.asyncDispose]()));
  }

  async #start(): Promise<NodeProgram> {
    const { kafkaPort } = this;
    const node = await NodeProgram.start({ kafkaPort, journal: this.#backend.journal('chat') });
    this.nodes.push(node);
    return node;
  }

  #untilSpread(): Promise<void> {
    return within(MOVE_WAIT_MS, async () => {
      const shown = await Promise.all(this.nodes.map((node) => node.shards()));
      const running = shown.map((shards) => shards.filter(({ phase }) => phase === 'running'));
      return running.every(({ length }) => length === PARTITION_COUNT / this.nodes.length)
        ? undefined
        : `The shards are spread evenly, and run: ${JSON.stringify(shown)}`;
    });
  }
}
