import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServices } from '../../tools/services/start-services.ts';
import { startChild } from '../child.ts';

const KAFKA_PORT = 19_700;
const CASSANDRA_PORT = 19_710;
const HTTP_PORT = 19_720;
const MANAGEMENT_PORT = 19_721;

/** Where the benchmark runs. */
export type Backend = {
  readonly kafkaPort: number;
  readonly managementPort: number;
  /** Something that takes records, without a node: for preloading and the bare loop. */
  startLog(): Promise<LogProcesses>;
  /** One chat node (and what it needs), ready; with a profile of each of its threads in this folder when it ends. */
  startNode(profileDir: string | undefined): Promise<NodeProcesses>;
  /** Stops all and deletes its data. */
  remove(): Promise<void>;
};

/** Process ids by what they are. */
export type Pids = Readonly<Record<string, number>>;
export type LogProcesses = { readonly pids: Pids; stop(): Promise<void> };
export type NodeProcesses = {
  readonly nodePid: number;
  readonly pids: Pids;
  stop(): Promise<void>;
};

const ports = ['--http-port', String(HTTP_PORT), '--management-port', String(MANAGEMENT_PORT)];

/** `npm start`: broker, journal and node in one process. */
export function embeddedBackend(): Backend {
  const dir = mkdtempSync(join(tmpdir(), 'chat-bench-'));
  return {
    kafkaPort: KAFKA_PORT,
    managementPort: MANAGEMENT_PORT,
    startLog: async () => {
      const script = join(import.meta.dirname, 'broker-process.ts');
      const broker = startChild([
        process.execPath,
        script,
        join(dir, 'broker'),
        String(KAFKA_PORT),
      ]);
      await broker.line((line) => line === 'ready');
      return { pids: { broker: broker.pid }, stop: () => broker.stop() };
    },
    startNode: async (profileDir) => {
      // A profile names functions of the sources, not of the bundle.
      const program = profileDir === undefined ? 'start.ts' : 'main.ts';
      const main = join(import.meta.dirname, '../../apps/local/src', program);
      const settings = ['--data-dir', dir, '--kafka-port', String(KAFKA_PORT), ...ports];
      const node = startChild([process.execPath, ...profileFlags(profileDir), main, ...settings]);
      await node.line((line) => line.includes('is running'));
      return {
        nodePid: node.pid,
        pids: { 'node, broker and journal': node.pid },
        stop: () => node.stop(),
      };
    },
    remove: () => Promise.resolve(rmSync(dir, { recursive: true })),
  };
}

/** Real Kafka and Cassandra, and a node process. */
export async function clusterBackend(): Promise<Backend> {
  const dir = mkdtempSync(join(tmpdir(), 'chat-bench-'));
  const services = await startServices({
    commitlogSync: 'periodic',
    dir,
    kafkaPort: KAFKA_PORT,
    cassandraPort: CASSANDRA_PORT,
  });
  const kafka = services.kafkaPids()[0] ?? 0;
  const cassandra = services.cassandraPids()[0] ?? 0;
  return {
    kafkaPort: KAFKA_PORT,
    managementPort: MANAGEMENT_PORT,
    startLog: () => Promise.resolve({ pids: { kafka }, stop: () => Promise.resolve() }),
    startNode: async (profileDir) => {
      const node = startChild([process.execPath, ...profileFlags(profileDir), ...nodeCommand()]);
      await node.line((line) => line.includes('Ready:'));
      return {
        nodePid: node.pid,
        pids: { node: node.pid, kafka, cassandra },
        stop: () => node.stop(),
      };
    },
    remove: async () => {
      await services.stop();
      rmSync(dir, { recursive: true });
    },
  };
}

function profileFlags(dir: string | undefined): string[] {
  return dir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${dir}`];
}

function nodeCommand(): string[] {
  return [
    join(import.meta.dirname, '../../apps/cli/src/main.js'),
    'node',
    '--brokers',
    `127.0.0.1:${KAFKA_PORT}`,
    '--journal',
    `cassandra:127.0.0.1:${CASSANDRA_PORT}/chat`,
    ...ports,
  ];
}
