import { Worker, type Report, type WorkerIdentity, type WorkerOptions } from '@chat-cluster/engine';
import type { Journal } from '@chat-cluster/journal';
import { systemClock, systemTimers } from '@chat-cluster/kernel';
import type { Log } from '@chat-cluster/log';
import { createMissingTopics, type TopicToCreate } from './create-missing-topics.ts';
import { isReachable } from './is-reachable.ts';
import { ExplainRoute } from './management/explain-route.ts';
import { startManagementServer } from './management/management-server.ts';

/** What a node is made of: the application's rules and topics, where it is, and what it works with. */
export type NodeOptions<State, Command, Event> = Pick<
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
  /** A log client for each worker, which the node closes. */
  readonly openLog: () => Log;
  /** Closed by the node. */
  readonly journal: Journal;
  /** Name of the first worker; the others get `-2`, `-3`, … The same after a restart. */
  readonly identity: WorkerIdentity;
  readonly workerCount: number;
  /** 0 for any that is free. */
  readonly managementPort: number;
  readonly report: Report;
  /** The node cannot go on; its process should exit. */
  readonly onFatal: (error: Error) => void;
};

export type RunningNode = {
  readonly managementPort: number;
  /** Drains, commits, leaves the group, writes the journal, closes everything. */
  stop(): Promise<void>;
};

/**
 * One node of an application: its workers and the server for operators. Resolves when every worker has its first assignment.
 * Rejects with the error of whatever could not start, after closing the rest.
 */
export async function startNode<State, Command, Event>(
  options: NodeOptions<State, Command, Event>,
): Promise<RunningNode> {
  const workers: Worker<State, Command, Event>[] = [];
  const closers: (() => Promise<void>)[] = [() => options.journal.close()];
  const stop = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.stop()));
    for (const close of closers.toReversed()) await close();
  };
  try {
    const { definition, eventTopic = `${definition.type}_events` } = options;
    const explain = new ExplainRoute({ ...options, definition, eventTopic });
    closers.push(() => explain.close());
    const management = await startManagementServer({
      port: options.managementPort,
      entityType: options.definition.type,
      workers,
      explain,
    });
    closers.push(() => management.close());
    for (let index = 0; index < options.workerCount; index++) {
      const log = options.openLog();
      closers.push(() => log.close());
      if (index === 0) await createMissingTopics(log.admin, options);
      workers.push(await startWorker(options, log, index));
    }
    management.ready();
    return { managementPort: management.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startWorker<State, Command, Event>(
  options: NodeOptions<State, Command, Event>,
  log: Log,
  index: number,
): Promise<Worker<State, Command, Event>> {
  const { identity } = options;
  const name = index === 0 ? identity.name : `${identity.name}-${index + 1}`;
  const { definition, groupId, journal, onFatal, onReply, report } = options;
  const { controlTopic, eventTopic, limits, quarantineTopic } = options;
  return Worker.start({
    definition,
    groupId,
    identity: { name, endpoint: identity.endpoint },
    log,
    journal,
    controlTopic,
    quarantineTopic,
    ...(eventTopic !== undefined && { eventTopic }),
    ...(limits && { limits }),
    clock: systemClock,
    timers: systemTimers,
    isReachable: (endpoint) =>
      endpoint === identity.endpoint ? Promise.resolve(false) : isReachable(endpoint),
    ...(onReply && { onReply }),
    report,
    onFatal,
  });
}
