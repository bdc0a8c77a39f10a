import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startServices } from '../../tools/services/start-services.ts';
import { type Child, startChild } from '../child.ts';

const KAFKA_PORT = 19_740;
const CASSANDRA_PORT = 19_750;
/** Of the first node; each further one's are ten higher. */
const NODE_PORT = 19_760;
const POLL_MS = 20;

export type NodeIndex = 0 | 1;

type Region = { readonly shardId: string; readonly phase: string; readonly lag: number };

/** Real Kafka and Cassandra, and two chat nodes that are killed, stopped and started again. */
export class TwoNodes {
  readonly kafkaPort = KAFKA_PORT;
  readonly #dir: string;
  readonly #services: Awaited<ReturnType<typeof startServices>>;
  readonly #nodes: Child[] = [];

  private constructor(dir: string, services: Awaited<ReturnType<typeof startServices>>) {
    this.#dir = dir;
    this.#services = services;
  }

  static async start(): Promise<TwoNodes> {
    const dir = mkdtempSync(join(tmpdir(), 'chat-bench-'));
    const services = await startServices({
      commitlogSync: 'periodic',
      dir,
      kafkaPort: KAFKA_PORT,
      cassandraPort: CASSANDRA_PORT,
    });
    const nodes = new TwoNodes(dir, services);
    await nodes.startNode(0);
    await nodes.startNode(1);
    return nodes;
  }

  async startNode(index: NodeIndex): Promise<void> {
    const node = startChild([process.execPath, ...nodeCommand(index)]);
    this.#nodes[index] = node;
    await node.line((line) => line.includes('Ready:'));
  }

  /** SIGKILL. Resolves when it is gone. */
  kill(index: NodeIndex): Promise<void> {
    return this.#nodes[index]?.kill() ?? Promise.resolve();
  }

  /** SIGTERM; resolves when the process is gone. */
  stopNode(index: NodeIndex): Promise<void> {
    return this.#nodes[index]?.stop() ?? Promise.resolve();
  }

  async shardsOf(index: NodeIndex): Promise<readonly Region[]> {
    const port = managementPort(index);
    const url = `http://127.0.0.1:${port}/cluster/shards/conversation?detail`;
    const answer: unknown = await (await fetch(url)).json();
    return (answer as { readonly regions: readonly Region[] }).regions;
  }

  /** Waits until each node runs half of the shards, and hardly anything waits to be decided. */
  async balanced(shardCount: number): Promise<void> {
    for (;;) {
      const shards = await Promise.all([this.shardsOf(0), this.shardsOf(1)]);
      const isEven = shards.every(
        (regions) =>
          regions.length === shardCount / 2 && regions.every(({ phase }) => phase === 'running'),
      );
      const lag = shards.flat().reduce((sum, region) => sum + region.lag, 0);
      if (isEven && lag < LAG_MAX) return;
      await delay(POLL_MS);
    }
  }

  async remove(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()));
    await this.#services.stop();
    rmSync(this.#dir, { recursive: true });
  }
}

/** At 2,000 messages a second, a tenth of a second's. */
const LAG_MAX = 200;

function managementPort(index: NodeIndex): number {
  return NODE_PORT + 10 * index;
}

function nodeCommand(index: NodeIndex): string[] {
  const port = managementPort(index);
  return [
    join(import.meta.dirname, '../../apps/cli/src/main.js'),
    'node',
    ...['--brokers', `127.0.0.1:${KAFKA_PORT}`],
    ...['--journal', `cassandra:127.0.0.1:${CASSANDRA_PORT}/chat`],
    ...['--management-port', String(port), '--http-port', String(port + 1)],
    ...['--endpoint', `127.0.0.1:${port + 2}`],
  ];
}
