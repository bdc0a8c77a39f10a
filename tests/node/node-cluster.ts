import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBrokerThread, type Broker } from '@chat-cluster/broker';
import { within } from '../crash/within.ts';
import { NodeProgram } from './node-program.ts';

export const PARTITION_COUNT = 12;
/** Until shards have moved. */
export const MOVE_WAIT_MS = 60_000;

/** Chat nodes on one embedded broker and one journal, in a folder of their own. */
export class NodeCluster implements AsyncDisposable {
  /** Those that should run, in the order in which they came. */
  readonly nodes: NodeProgram[] = [];
  readonly #dir: string;
  readonly #broker: Broker;

  private constructor(dir: string, broker: Broker) {
    this.#dir = dir;
    this.#broker = broker;
  }

  /** Two nodes that have half of the shards each. */
  static async start(): Promise<NodeCluster> {
    const dir = mkdtempSync(join(tmpdir(), 'node-cluster-'));
    const broker = await startBrokerThread({ dataDir: join(dir, 'broker') });
    const cluster = new NodeCluster(dir, broker);
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
    return this.#broker.port;
  }

  /** One more node; resolves when it has its share. */
  async add(): Promise<void> {
    await this.#start();
    await this.#untilSpread();
  }

  /** Stops the node that came last, as planned; resolves when the others have its shards. */
  async removeLast(): Promise<void> {
    assert.deepEqual(await this.nodes.at(-1)?.program.stop(), { code: 0, signal: null });
    this.nodes.pop();
    await this.#untilSpread();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map(({ program }) => program[Symbol.asyncDispose]()));
    await this.#broker.close();
    rmSync(this.#dir, { recursive: true });
  }

  async #start(): Promise<void> {
    const journalDir = join(this.#dir, 'journal');
    this.nodes.push(await NodeProgram.start({ kafkaPort: this.kafkaPort, journalDir }));
  }

  #untilSpread(): Promise<void> {
    return within(MOVE_WAIT_MS, async () => {
      const counts = await Promise.all(this.nodes.map((node) => node.shardCount()));
      return counts.every((count) => count === PARTITION_COUNT / this.nodes.length)
        ? undefined
        : `The shards are spread evenly: ${counts.join(', ')}.`;
    });
  }
}
