import type { EntityRouter, Explain, ExplainOutcome, Report } from '@chat-cluster/engine';
import { systemClock, systemTimers } from '@chat-cluster/kernel';
import { openEntityPort, type EntityPort } from './entities/entity-port.ts';
import { startManagementServer, type ManagementAddress } from './management/management-server.ts';
import { WorkerProcess } from './processes/worker-process.ts';
import type { LocalWorker } from './start-worker.ts';
import { endpointOfWorker, endpointText, type WorkerEndpoint } from './worker-endpoint.ts';
import type { NodeWorker } from './worker-status.ts';

export type NodeOptions = {
  readonly entityType: string;
  /** Of the node. Several workers have the ports after it. */
  readonly endpoint: WorkerEndpoint;
  readonly workers: WorkerHere | WorkersInProcesses;
  readonly management: ManagementAddress;
  readonly report: Report;
};

/** One worker, in this process. */
export type WorkerHere = {
  readonly kind: 'here';
  /** Such as startWorker of the application's setup. */
  readonly start: (endpoint: WorkerEndpoint) => Promise<LocalWorker>;
};

/** Some workers, each in a process of its own. */
export type WorkersInProcesses = {
  readonly kind: 'processes';
  readonly count: number;
  /** What such a process runs: it makes a NodeLink, and starts a worker as it is told. */
  readonly module: URL;
  /** What the application tells each of them; plain values. */
  readonly settings: unknown;
};

export type RunningNode = {
  readonly managementPort: number;
  /** HOST:PORT where it answers whoever asks, with the port that is listened on. */
  readonly endpoint: string;
  /** Asks any entity of the cluster, from the first assignment on. */
  readonly router: EntityRouter;
  /** Drains, commits, leaves the group, writes the journal, closes everything. */
  stop(): Promise<void>;
};

/**
 * One node of an application: its workers, the server for operators, and the port for other nodes and for who asks. Resolves when every worker has its first assignment.
 * Rejects with the error of whatever could not start, after closing the rest.
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { entityType, management: address } = options;
  const node: StartingNode = { workers: [], port: undefined };
  const workers = (): NodeWorker[] => node.workers.filter((worker) => worker !== undefined);
  const explain: Explain = (...asked) => explainBy(workers(), ...asked);
  const management = await startManagementServer({
    address,
    entityType,
    look: () => Promise.all(workers().map((worker) => worker.look())),
    explain,
    own: () => node.port && { routing: node.port.router.counters, memory: process.memoryUsage() },
    report: options.report,
  });
  const stop = async (): Promise<void> => {
    await Promise.all(workers().map((worker) => worker.stop()));
    await node.port?.close();
    await management.close();
  };
  try {
    const { endpoint, router } = await startWorkers(options, node, explain);
    management.ready();
    return { managementPort: management.port, endpoint, router, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What there is of a node already. */
type StartingNode = {
  /** In the order of their endpoints, whichever starts first. */
  readonly workers: (NodeWorker | undefined)[];
  /** Of the node's own process, where its workers live in others. */
  port: EntityPort | undefined;
};

/** Fills in what there is of the node; resolves, when every worker has its first assignment, with what asks entities, and where it is asked. */
async function startWorkers(
  { endpoint, entityType, report, workers }: NodeOptions,
  node: StartingNode,
  explain: Explain,
): Promise<Pick<RunningNode, 'endpoint' | 'router'>> {
  if (workers.kind === 'here') {
    const worker = await workers.start(endpoint);
    node.workers[0] = worker;
    return worker;
  }
  const port = await openEntityPort({ owners: [], endpoint, explain, report });
  node.port = port;
  const { count, module, settings } = workers;
  const starts = Array.from({ length: count }, async (_, index) => {
    const own = endpointOfWorker(endpoint, index);
    node.workers[index] = await WorkerProcess.start({
      name: own.name ?? endpointText(own),
      module,
      orders: { endpoint: own, settings },
      onMap: (map) => port.router.maps.learn(entityType, map),
      clock: systemClock,
      timers: systemTimers,
      report,
    });
  });
  // All of them have started or failed before anything is closed.
  for (const start of await Promise.allSettled(starts)) {
    if (start.status === 'rejected') throw start.reason;
  }
  return port;
}

/** The first worker that can tells, all in one deadline: all of them read the same log and journal. */
async function explainBy(
  workers: readonly NodeWorker[],
  ...[question, deadlineMs, signal]: Parameters<Explain>
): Promise<ExplainOutcome> {
  const untilMs = systemClock.monotonicMs() + deadlineMs;
  const starting = 'The node is starting: ask again in a second.';
  let outcome: ExplainOutcome = { kind: 'refused', code: 'unreadable', reason: starting };
  for (const worker of workers) {
    const leftMs = Math.floor(untilMs - systemClock.monotonicMs());
    if (leftMs <= 0 || signal?.aborted === true) break;
    outcome = await worker.explain(question, leftMs, signal);
    if (outcome.kind === 'explained' || !ELSEWHERE_PERHAPS.has(outcome.code)) break;
  }
  return outcome;
}

/** Another worker of the node may do better. */
const ELSEWHERE_PERHAPS: ReadonlySet<string> = new Set(['unreadable', 'overloaded']);
