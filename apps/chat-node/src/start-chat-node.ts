import {
  conversationControl,
  conversationEvents,
  conversationQuarantine,
} from '@chat-cluster/contract';
import { conversation } from '@chat-cluster/conversation';
import { Worker, type EngineLimits, type Report, type WorkerIdentity } from '@chat-cluster/engine';
import type { Journal } from '@chat-cluster/journal';
import { systemClock, systemTimers } from '@chat-cluster/kernel';
import type { Log } from '@chat-cluster/log';
import { createMissingTopics } from './create-topics.ts';
import { isReachable } from './is-reachable.ts';
import { startManagementServer } from './management-server.ts';
import { startPageServer } from './page-server.ts';

export type ChatNodeOptions = {
  /** A log client for each worker, which closes it. */
  readonly openLog: () => Log;
  /** Closed by the node. */
  readonly journal: Journal;
  readonly groupId: string;
  /** Name of the first worker; the others get `-2`, `-3`, … The same after a restart. */
  readonly identity: WorkerIdentity;
  readonly workerCount: number;
  readonly partitionCount: number;
  readonly replicationFactor: number;
  readonly httpPort: number;
  readonly managementPort: number;
  readonly pageHtml: string;
  readonly limits?: Partial<EngineLimits>;
  readonly report: Report;
  /** The node cannot go on; its process should exit. */
  readonly onFatal: (error: Error) => void;
};

export type ChatNode = {
  readonly workers: readonly ConversationWorker[];
  readonly httpPort: number;
  readonly managementPort: number;
  /** Drains, commits, leaves the group, writes the journal, closes everything. */
  stop(): Promise<void>;
};

export type ConversationWorker = Awaited<ReturnType<typeof startWorker>>;

/**
 * One node: the conversation's rules bound to the engine, its workers, and the servers for people and machines. Resolves when every worker has its first assignment.
 * Rejects with the error of whatever could not start, after closing the rest.
 */
export async function startChatNode(options: ChatNodeOptions): Promise<ChatNode> {
  const workers: ConversationWorker[] = [];
  const closers: (() => Promise<void>)[] = [() => options.journal.close()];
  const stop = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.stop()));
    for (const close of closers.toReversed()) await close();
  };
  try {
    const management = await startManagementServer({ port: options.managementPort, workers });
    closers.push(() => management.close());
    const page = await startPageServer({ port: options.httpPort, html: options.pageHtml });
    closers.push(() => page.close());
    for (let index = 0; index < options.workerCount; index++) {
      const log = options.openLog();
      closers.push(() => log.close());
      if (index === 0) await createMissingTopics(log.admin, options);
      workers.push(await startWorker(options, log, index));
    }
    management.ready();
    return { workers, httpPort: page.port, managementPort: management.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startWorker(options: ChatNodeOptions, log: Log, index: number) {
  const { groupId, identity, journal, limits, onFatal, report } = options;
  const name = index === 0 ? identity.name : `${identity.name}-${index + 1}`;
  return Worker.start({
    definition: conversation,
    groupId,
    identity: { name, endpoint: identity.endpoint },
    log,
    journal,
    eventTopic: conversationEvents.name,
    controlTopic: conversationControl.name,
    quarantineTopic: conversationQuarantine.name,
    ...(limits && { limits }),
    clock: systemClock,
    timers: systemTimers,
    isReachable: (endpoint) =>
      endpoint === identity.endpoint ? Promise.resolve(false) : isReachable(endpoint),
    report,
    onFatal,
  });
}
