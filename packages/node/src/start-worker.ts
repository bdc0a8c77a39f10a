import {
  Explainer,
  PeerWatch,
  Worker,
  type EntityOwner,
  type EntityRouter,
  type Explain,
  type Report,
  type RpcPeers,
  type WorkerIdentity,
  type WorkerOptions,
} from '@chat-cluster/engine';
import type { Journal } from '@chat-cluster/journal';
import { systemClock, systemRandom, systemTimers } from '@chat-cluster/kernel';
import type { Log } from '@chat-cluster/log';
import { createMissingTopics, type TopicToCreate } from './create-missing-topics.ts';
import { openEntityPort } from './entities/entity-port.ts';
import { isAlive } from './entities/is-alive.ts';
import { LateOwner } from './entities/late-owner.ts';
import type { WorkerEndpoint } from './worker-endpoint.ts';
import type { NodeWorker, WorkerStatus } from './worker-status.ts';

/** What a worker of an application is made of: its rules and topics, and what it works with. */
export type WorkerSetup<State, Command, Event> = Pick<
  WorkerOptions<State, Command, Event>,
  | 'definition'
  | 'groupId'
  | 'controlTopic'
  | 'quarantineTopic'
  | 'eventTopic'
  | 'limits'
  | 'onReply'
> & {
  /** All that the application uses: what is missing is created. */
  readonly topics: readonly TopicToCreate[];
  /** Of topics that are created. */
  readonly partitionCount: number;
  /** Of topics that are created; -1 for the brokers' default. */
  readonly replicationFactor: number;
  /** Its result is closed with the worker. */
  readonly openLog: () => Log;
  /** Likewise. */
  readonly openJournal: () => Promise<Journal>;
  readonly report: Report;
  /** The worker cannot go on; its process should exit. */
  readonly onFatal: (error: Error) => void;
};

/** A worker in this process. */
export type LocalWorker = NodeWorker & {
  /** HOST:PORT where it answers other nodes, with the port that is listened on. */
  readonly endpoint: string;
  readonly owner: EntityOwner;
  /** Asks any entity, of this worker and of all others. */
  readonly router: EntityRouter;
};

/**
 * Opens what a worker needs, listens for other nodes, joins the group, and resolves with the worker, in this process, when it has its first assignment. Rejects with the error of what
 * could not start, after closing the rest.
 */
export async function startWorker<State, Command, Event>(
  setup: WorkerSetup<State, Command, Event>,
  endpoint: WorkerEndpoint,
): Promise<LocalWorker> {
  const { definition, report } = setup;
  const { type: entityType } = definition;
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of opened.toReversed()) await each();
  };
  try {
    const journal = await setup.openJournal();
    opened.push(() => journal.close());
    const log = setup.openLog();
    opened.push(() => log.close());
    const explainer = explainerOf(setup, journal);
    opened.push(() => explainer.close());
    const explain: Explain = (...asked) => explainer.explain(...asked);
    const owner = new LateOwner(entityType);
    const port = await openEntityPort({ owners: [owner], endpoint, explain, report });
    opened.push(() => port.close());
    const { router } = port;
    await createMissingTopics(log.admin, setup);
    const identity = { name: endpoint.name ?? port.endpoint, endpoint: port.endpoint };
    const worker = await joinGroup(setup, identity, { journal, log, peers: port.peers });
    owner.became(worker);
    const peerWatch = watchPeers(setup, worker, { log, peers: port.peers });
    const stop = async (): Promise<void> => {
      await peerWatch.close();
      // Others take this node for dead when its port is closed, so the group is left before.
      await worker.stop();
      await close();
    };
    let stopping: Promise<void> | undefined;
    return {
      endpoint: port.endpoint,
      owner,
      router,
      look: async () => statusOf(worker, identity, { router, entityType }),
      explain,
      stop: () => (stopping ??= stop()),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function explainerOf<State, Command, Event>(
  setup: WorkerSetup<State, Command, Event>,
  journal: Journal,
): Explainer {
  const { definition, eventTopic = `${definition.type}_events` } = setup;
  return new Explainer({ ...setup, definition, eventTopic, journal, timers: systemTimers });
}

function joinGroup<State, Command, Event>(
  setup: WorkerSetup<State, Command, Event>,
  identity: WorkerIdentity,
  { journal, log, peers }: { journal: Journal; log: Log; peers: RpcPeers },
): Promise<Worker<State, Command, Event>> {
  const { definition, groupId, onFatal, report } = setup;
  const { controlTopic, eventTopic, limits, onReply, quarantineTopic } = setup;
  return Worker.start({
    definition,
    groupId,
    identity,
    log,
    journal,
    controlTopic,
    quarantineTopic,
    ...(eventTopic !== undefined && { eventTopic }),
    ...(limits && { limits }),
    clock: systemClock,
    timers: systemTimers,
    formerOwners: peers,
    // Who listens at this worker's endpoint is this process.
    isAlive: async (member) =>
      member.endpoint !== identity.endpoint && (await isAlive(member, peers)),
    ...(onReply && { onReply }),
    report,
    onFatal,
  });
}

/** Looks after the other members of the group, from the first assignment on. */
function watchPeers<State, Command, Event>(
  { groupId, report }: WorkerSetup<State, Command, Event>,
  worker: Worker<State, Command, Event>,
  { log, peers }: { readonly log: Log; readonly peers: RpcPeers },
): PeerWatch {
  return new PeerWatch({
    owners: [worker],
    groupId,
    admin: log.admin,
    attending: peers,
    onOut: () => worker.rejoin(),
    timers: systemTimers,
    random: systemRandom,
    report,
  });
}

function statusOf<State, Command, Event>(
  worker: Worker<State, Command, Event>,
  identity: WorkerIdentity,
  { router, entityType }: { readonly router: EntityRouter; readonly entityType: string },
): WorkerStatus {
  return {
    kind: 'status',
    ...identity,
    isProcessing: worker.isProcessing,
    troubles: worker.troubles(),
    shards: worker.shards(),
    map: router.maps.youngest(entityType),
    counters: worker.counters,
    routing: router.counters,
    backlogBytes: worker.backlogBytes,
    entityBytes: worker.entityBytes,
    memory: process.memoryUsage(),
  };
}
