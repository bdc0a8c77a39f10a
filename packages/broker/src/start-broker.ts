import { randomBytes } from 'node:crypto';
import * as path from 'node:path';
import { systemClock, systemTimers, type Clock, type Timers } from '@chat-cluster/kernel';
import { apiHandlers } from './api/index.ts';
import { BROKER_DEFAULTS, type BrokerLimits } from './broker-options.ts';
import { BrokerStartError } from './broker-start-error.ts';
import type { BrokerState } from './broker-state.ts';
import { Cleaner } from './cleaner/cleaner.ts';
import { DiskError, type Disk } from './disk/disk.ts';
import { nodeDisk } from './disk/node-disk.ts';
import { GroupCoordinator } from './groups/group-coordinator.ts';
import type { GroupOptions } from './groups/group-options.ts';
import { brokerMetricsText } from './metrics/broker-metrics-text.ts';
import { RequestCounters } from './metrics/request-counters.ts';
import { openSecurity } from './security/broker-security.ts';
import type { ListenerSecurity, Users } from './security/listener-security.ts';
import { requireSafeListeners } from './security/require-safe-listeners.ts';
import { ScramUsers } from './security/scram-users.ts';
import { DamagedLog } from './segments/damaged-log.ts';
import { ByteBudget } from './server/byte-budget.ts';
import { Dispatcher } from './server/dispatcher.ts';
import { listen, type Listener, type ListenerAddress } from './server/listener.ts';
import { createStateJournal } from './state-journal/state-journal.ts';
import { claimDataFolder, type DataFolder } from './storage/data-folder.ts';
import { openDiskStorage } from './storage/disk-storage.ts';
import { memoryStorage } from './storage/memory-storage.ts';
import type { Storage } from './storage/storage.ts';
import { startRetention } from './topics/retention.ts';
import { topicTransactions } from './topics/topic-transactions.ts';
import { Topics } from './topics/topics.ts';
import { TransactionCoordinator } from './transactions/transaction-coordinator.ts';
import type { TransactionOptions } from './transactions/transaction-options.ts';
import type { FlushPolicy } from './write-ahead-log/flush-policy.ts';

const NODE_ID = 1;

export type BrokerListener = ListenerAddress & ListenerSecurity;

export type BrokerOptions = {
  /** Where everything is kept. Without it, in memory: gone when the broker is closed. */
  readonly dataDir?: string;
  /** Where to listen, and how clients say who they are there. Default: one free port on 127.0.0.1, for everybody. */
  readonly listeners?: readonly BrokerListener[];
  /**
   * Users of PLAIN and SCRAM with their passwords. SCRAM has those too that clients have made by
   * AlterUserScramCredentials (`kafka-configs`); a user that is in both has the password given here.
   */
  readonly users?: Users;
  /** When what was written is synced to the disk. Default: `group`, before it is acknowledged. */
  readonly flush?: FlushPolicy;
  readonly limits?: Partial<BrokerLimits>;
  readonly groups?: Partial<GroupOptions>;
  readonly transactions?: Partial<TransactionOptions>;
};

/** What only a broker in the caller's own thread can be given. */
export type BrokerSurroundings = {
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** For tests. Default: the machine's file system. */
  readonly disk?: Disk;
  /** Told of what a person should know: a full or failing disk, a damaged partition, a defect. Default: a warning. */
  readonly onError?: (error: Error) => void;
};

/** A broker that is running. */
export type Broker = {
  readonly clusterId: string;
  /** The port of the first listener. */
  readonly port: number;
  /** The ports of all listeners, in their order. */
  readonly ports: readonly number[];
  /** What it has done and what it holds, in Prometheus' text format; nothing when its thread is gone. */
  metrics(): Promise<string>;
  /** Closes all connections, makes everything durable, and lets go of the data folder. Idempotent. */
  close(): Promise<void>;
};

/**
 * Starts a Kafka-protocol broker in this thread: a cluster of one.
 *
 * Records are durable before they are acknowledged, and after a crash everything acknowledged is there. Resolved when
 * clients can connect.
 *
 * @throws (rejects) BrokerStartError, whose message is a sentence for a person
 */
export async function startBroker(
  options: BrokerOptions & BrokerSurroundings = {},
): Promise<Broker> {
  const { dataDir, listeners = DEFAULT_LISTENERS, users = {} } = options;
  requireSafeListeners(listeners, users);
  const folder =
    dataDir === undefined ? null : claimDataFolder(path.resolve(dataDir), newClusterId);
  try {
    return await startIn(folder, { ...options, clusterId: folder?.clusterId ?? newClusterId() });
  } catch (error) {
    folder?.release();
    throw asStartError(error, folder);
  }
}

function newClusterId(): string {
  return randomBytes(16).toString('base64url');
}

async function startIn(
  folder: DataFolder | null,
  options: BrokerOptions & BrokerSurroundings & { clusterId: string },
): Promise<Broker> {
  const { clusterId, clock = systemClock, timers = systemTimers } = options;
  const onError = options.onError ?? ((error: Error) => process.emitWarning(error));
  const limits = { ...BROKER_DEFAULTS, ...options.limits };
  const storage = await openStorage(folder, { ...options, clock, timers, onError });
  const journal = createStateJournal(storage.stateLog);
  const topics = new Topics({
    storage,
    journal,
    clock,
    transactionVerifier: { verify: (append) => transactions.verify(append) },
    onError,
  });
  const groups = new GroupCoordinator({
    ...{ clock, timers, journal },
    hasPartition: (topic, partition) => topics.byName(topic)?.partitions[partition] !== undefined,
    ...(options.groups === undefined ? {} : { options: options.groups }),
  });
  const transactions = new TransactionCoordinator({
    ...{ clock, timers, journal },
    partitions: topicTransactions(topics),
    offsets: groups.offsets,
    ...(options.transactions === undefined ? {} : { options: options.transactions }),
  });
  const scramUsers = new ScramUsers(journal);
  await journal.open();
  await topics.recover();
  storage.start();
  groups.start();
  await transactions.start();
  const stopUpkeep = startUpkeep({ topics, storage, limits, clock, timers, onError });
  const state: BrokerState = {
    ...{ clusterId, clock, timers, limits, topics, groups, transactions, scramUsers },
    nodeId: NODE_ID,
    apis: apiHandlers.map((handler) => handler.declaration),
    commitLog: storage.commitLog,
    requestCounters: new RequestCounters(),
    dataFolder: folder?.path ?? null,
    requestCheckpoint: () => storage.requestCheckpoint(),
  };
  const stop = async (): Promise<void> => {
    await stopUpkeep();
    groups.close();
    transactions.close();
    await closeStorage(storage, () => journal.close());
    folder?.release();
  };
  const listeners = await listenOnAll({ state, options, onError }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return brokerOf({ state, listeners, stop });
}

async function openStorage(
  folder: DataFolder | null,
  {
    clock,
    disk = nodeDisk,
    flush = 'group',
    onError,
    timers,
  }: Pick<BrokerOptions, 'flush'> & Required<Omit<BrokerSurroundings, 'disk'>> & { disk?: Disk },
): Promise<Storage> {
  if (folder === null) return memoryStorage();
  const wallMs = (): number => clock.wallMs();
  return openDiskStorage({ disk, folder: folder.path, timers, wallMs, flush, onError });
}

/** Starts what deletes and compacts in the background; returns what stops it. */
function startUpkeep({
  topics,
  storage,
  limits,
  ...surroundings
}: {
  topics: Topics;
  storage: Storage;
  limits: BrokerLimits;
  clock: Clock;
  timers: Timers;
  onError: (error: Error) => void;
}): () => Promise<void> {
  const checkMs = limits.retentionCheckMs;
  const stopRetention = startRetention({ ...{ topics, storage, checkMs }, ...surroundings });
  const cleaner = new Cleaner({
    ...surroundings,
    partitions: () => topics.partitions().map(({ cleaning }) => cleaning),
    backoffMs: limits.cleanerBackoffMs,
    mapBytesMax: limits.cleanerDedupeBytesMax,
    requestCheckpoint: () => storage.requestCheckpoint(),
  });
  cleaner.start();
  return async () => {
    stopRetention();
    await cleaner.stop();
  };
}

const DEFAULT_LISTENERS: readonly BrokerListener[] = [{ host: '127.0.0.1', port: 0 }];

function brokerOf({
  state,
  listeners,
  stop,
}: {
  state: BrokerState;
  listeners: readonly Listener[];
  stop: () => Promise<void>;
}): Broker {
  const ports = listeners.map((listener) => listener.port);
  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()));
    await stop();
  };
  return {
    clusterId: state.clusterId,
    port: ports[0] ?? 0,
    ports,
    metrics: async () => {
      const count = listeners.reduce((sum, { connectionCount }) => sum + connectionCount, 0);
      return brokerMetricsText(state, count);
    },
    close: () => (closed ??= close()),
  };
}

async function listenOnAll({
  state,
  options: { listeners: addresses = DEFAULT_LISTENERS, users = {} },
  onError,
}: {
  state: BrokerState;
  options: BrokerOptions;
  onError: (error: Error) => void;
}): Promise<Listener[]> {
  const { limits, clock, timers, scramUsers } = state;
  const { connectionsMax, frameBytesMax, authenticationMs, bytesInWorkMax } = limits;
  const security = { users, scramUsers, clock, timers, authenticationMs, onError };
  const gatekeepers = await openSecurity(addresses, security);
  const dispatcher = new Dispatcher({ broker: state, handlers: apiHandlers });
  const budget = new ByteBudget({ bytesMax: bytesInWorkMax });
  const shared = { dispatcher, budget, connectionsMax, frameBytesMax, authenticationMs, timers };
  const listeners: Listener[] = [];
  try {
    for (const { address, gatekeeper } of gatekeepers) {
      listeners.push(await listen({ ...shared, address, gatekeeper, onError }));
    }
    return listeners;
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    throw error;
  }
}

/** The journal's last records are in the commit log before that is closed, even if the journal cannot say so. */
async function closeStorage(storage: Storage, closeJournal: () => Promise<void>): Promise<void> {
  await closeJournal().catch(() => {}); // a log that failed has been reported
  await storage.close();
}

function asStartError(error: unknown, folder: DataFolder | null): unknown {
  if (error instanceof BrokerStartError) return error;
  if (error instanceof DamagedLog) {
    return new BrokerStartError('DAMAGED', capitalized(`${error.message}.`), { cause: error });
  }
  if (error instanceof DiskError) {
    return new BrokerStartError(
      'FOLDER_UNREADABLE',
      `The data folder ${folder?.path ?? ''} cannot be used: ${error.message}; ` +
        'check its permissions and the free space, or choose another.',
      { cause: error },
    );
  }
  return error;
}

function capitalized(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
