import { join, resolve } from 'node:path';
import type { CassandraSecurity, CommitlogSync } from './cassandra-config.ts';
import { cassandraHost, cassandraServers } from './cassandra.ts';
import { fetchJars } from './jars.ts';
import { findJava } from './java.ts';
import { kafkaAddress, kafkaServers } from './kafka.ts';
import type { ProcessHandle } from './process-handle.ts';
import { ServerGroup } from './server-group.ts';
import { ServicesError } from './services-error.ts';
import { deleteShape, readShape, shapeFor, writeShape } from './shape.ts';

/** None, one node, or a cluster of three with three replicas of everything. */
export type NodeCount = 0 | 1 | 3;

export type ServicesOptions = {
  /** Where data, logs and process ids are kept. Relative to the working folder. */
  dir: string;
  /** Kafka brokers. Default 1. */
  kafka?: NodeCount;
  /** Cassandra nodes. Default 1. */
  cassandra?: NodeCount;
  /** The first broker's port; each broker takes two, so three take six. Default 9092. */
  kafkaPort?: number;
  /** Cassandra's port for clients, and the one above it between nodes. Default 9042. */
  cassandraPort?: number;
  /** When Cassandra syncs. Default `group`. */
  commitlogSync?: CommitlogSync;
  /** Whom Cassandra lets in. Default: everybody. */
  cassandraSecurity?: CassandraSecurity;
  /** Deletes what an earlier run left in the folder. Default false. */
  fresh?: boolean;
  /** Lets the servers outlive this process. Default false: they are killed when it exits. */
  keepRunning?: boolean;
  /** Where jars are kept, for all folders. Default `.services/jars` of the repository. */
  jarsDir?: string;
};

/** Running servers. An index counts from 0; all promises resolve when the servers are where they should be. */
export type Services = {
  /** `host:port,host:port` of all brokers; '' when there are none. */
  kafkaBootstrap: string;
  /** The addresses of all Cassandra nodes. */
  cassandraContactPoints: string[];
  cassandraPort: number;
  /** Process ids by index, for measuring; undefined for a node that does not run. */
  kafkaPids(): (number | undefined)[];
  cassandraPids(): (number | undefined)[];
  /** Stops everything, politely first. Data and logs stay. Idempotent. */
  stop(): Promise<void>;
  /** kill -9. */
  killKafka(index: number): Promise<void>;
  /** Starts a broker again, politely stopping it first if it runs, and waits until it is ready. */
  restartKafka(index: number): Promise<void>;
  /** kill -9. */
  killCassandra(index: number): Promise<void>;
  /** Starts a node again, politely stopping it first if it runs, and waits until it is ready. */
  restartCassandra(index: number): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. */
  pauseCassandra(index: number): void;
  /** SIGCONT. */
  resumeCassandra(index: number): void;
};

/**
 * Starts real Kafka and Cassandra on 127.0.0.x and waits until clients can work with them: about 6 s and
 * 15 s, and a minute the first time, when Maven fetches the jars. What runs already in this folder is kept.
 * If anything fails, what this call started is stopped again.
 *
 * @throws ServicesError; its message says what to do.
 */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const dir = resolve(options.dir);
  const java = await findJava();
  const started = new StartedHere();
  try {
    const [kafka, cassandra] = await Promise.all([
      startGroup({ kind: 'kafka', dir, java, options, started }),
      startGroup({ kind: 'cassandra', dir, java, options, started }),
    ]);
    if (options.keepRunning === true) started.release();
    return servicesOf({ kafka, cassandra, options, started });
  } catch (cause) {
    started.killAll();
    throw cause;
  }
}

/** Where the repository keeps jars for all folders of servers. */
export const jarsDirDefault = join(import.meta.dirname, '../../.services/jars');

/** The ports that clients expect. */
export const portDefaults = { kafka: 9092, cassandra: 9042 } as const;

/**
 * The servers that a folder holds, running or not.
 *
 * @returns undefined when it holds none of this kind.
 */
export function findGroup(options: {
  dir: string;
  kind: 'kafka' | 'cassandra';
}): ServerGroup | undefined {
  const dir = resolve(options.dir);
  const shape = readShape(dir, options.kind);
  if (shape === undefined) return undefined;
  // Neither jars nor Java are needed to look at servers or to stop them.
  return makeGroup({
    kind: options.kind,
    dir,
    shape,
    java: 'java',
    jarsFolder: '',
    commitlogSync: 'group',
    security: undefined,
  });
}

async function startGroup(input: {
  kind: 'kafka' | 'cassandra';
  dir: string;
  java: string;
  options: ServicesOptions;
  started: StartedHere;
}): Promise<ServerGroup | undefined> {
  const { kind, dir, java, options } = input;
  const nodeCount = options[kind] ?? 1;
  if (nodeCount === 0) return undefined;
  if (options.fresh === true) deleteOld(dir, kind);
  const port = (kind === 'kafka' ? options.kafkaPort : options.cassandraPort) ?? portDefaults[kind];
  const shape = shapeFor({ dir, kind, nodeCount, port });
  const jarsFolder = await fetchJars({ name: kind, jarsDir: options.jarsDir ?? jarsDirDefault });
  const { commitlogSync = 'group', cassandraSecurity: security } = options;
  const group = makeGroup({ kind, dir, shape, java, jarsFolder, commitlogSync, security });
  await group.assertAddressesFree();
  writeShape(dir, kind, shape);
  await group.start((handle) => input.started.add(handle));
  return group;
}

function deleteOld(dir: string, kind: 'kafka' | 'cassandra'): void {
  const shape = readShape(dir, kind);
  if (shape === undefined) return;
  if (findGroup({ dir, kind })?.isAnyRunning() === true) {
    throw new ServicesError('busy', `${kind} runs in ${dir}; stop it before starting afresh.`);
  }
  deleteShape(dir, kind, shape);
}

function makeGroup(input: {
  kind: 'kafka' | 'cassandra';
  dir: string;
  shape: { nodeCount: number; port: number; clusterId: string };
  java: string;
  jarsFolder: string;
  commitlogSync: CommitlogSync;
  security: CassandraSecurity | undefined;
}): ServerGroup {
  const { commitlogSync, kind, dir, java, jarsFolder, security } = input;
  const definition =
    kind === 'kafka'
      ? kafkaServers({ ...input.shape, java, jarsFolder })
      : cassandraServers({ ...input.shape, jarsFolder, commitlogSync, security });
  return new ServerGroup({ definition, dir, java });
}

function servicesOf(input: {
  kafka: ServerGroup | undefined;
  cassandra: ServerGroup | undefined;
  options: ServicesOptions;
  started: StartedHere;
}): Services {
  const { kafka, cassandra, options, started } = input;
  const kafkaPort = options.kafkaPort ?? portDefaults.kafka;
  const brokers = (kafka?.pids() ?? []).map((_, index) => kafkaAddress(kafkaPort, index));
  return {
    kafkaBootstrap: brokers.map(({ host, port }) => `${host}:${port}`).join(','),
    cassandraContactPoints: (cassandra?.pids() ?? []).map((_, index) => cassandraHost(index)),
    cassandraPort: options.cassandraPort ?? portDefaults.cassandra,
    kafkaPids: () => kafka?.pids() ?? [],
    cassandraPids: () => cassandra?.pids() ?? [],
    stop: async () => {
      await Promise.all([kafka?.stop(), cassandra?.stop()]);
      started.release();
    },
    killKafka: (index) => present(kafka).kill(index),
    restartKafka: (index) => present(kafka).restart(index),
    killCassandra: (index) => present(cassandra).kill(index),
    restartCassandra: (index) => present(cassandra).restart(index),
    pauseCassandra: (index) => present(cassandra).pause(index),
    resumeCassandra: (index) => present(cassandra).resume(index),
  };
}

function present(group: ServerGroup | undefined): ServerGroup {
  if (group === undefined) {
    throw new RangeError('These services were started without such servers.');
  }
  return group;
}

/** The processes that one call of startServices started: killed if it fails or if this process exits. */
class StartedHere {
  readonly #handles: ProcessHandle[] = [];
  readonly #onExit = () => this.killAll();

  constructor() {
    process.once('exit', this.#onExit);
  }

  add(handle: ProcessHandle): void {
    this.#handles.push(handle);
  }

  killAll(): void {
    for (const handle of this.#handles) handle.killAtOnce();
    this.release();
  }

  /** From now on the processes are no longer this process's concern. */
  release(): void {
    process.removeListener('exit', this.#onExit);
  }
}
