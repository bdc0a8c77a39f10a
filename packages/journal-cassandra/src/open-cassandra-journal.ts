import type { ConnectionOptions } from 'node:tls';
import { Client, type DseClientOptions, policies, types } from 'cassandra-driver';
import { type Journal, JournalError } from '@chat-cluster/journal';
import { assert, type Clock, systemClock, systemTimers, type Timers } from '@chat-cluster/kernel';
import { toJournalError } from './cassandra-errors.ts';
import { CassandraJournal } from './cassandra-journal.ts';
import { readNodeGenerations } from './node-generations.ts';
import { ensureSchema, type Replication } from './schema.ts';
import { type Attempts, Session } from './session.ts';
import { readSettleMs } from './settle-time.ts';
import { SettledWrites } from './settled-writes.ts';
import { probeSync } from './sync-probe.ts';

/** How long to wait for the answer to one request: Cassandra itself gives up a write after 2 s. */
const REQUEST_TIMEOUT_MS = 4_000;
const CONNECT_TIMEOUT_MS = 2_000;

/** How often a node that is away is tried again. */
const RECONNECT_MS = 500;

/** 40 KiB by our count, below Cassandra's `batch_size_fail_threshold` of 50 KiB. */
const BATCH_BYTES_MAX_DEFAULT = 40_960;

/** Replicas of a keyspace that is made, unless the data center has fewer nodes. */
const REPLICAS_MAX = 3;

const CONSISTENCIES = {
  LOCAL_ONE: types.consistencies.localOne,
  LOCAL_QUORUM: types.consistencies.localQuorum,
  QUORUM: types.consistencies.quorum,
  EACH_QUORUM: types.consistencies.eachQuorum,
  ALL: types.consistencies.all,
} as const;

export type CassandraJournalOptions = {
  /** Names or addresses of some nodes, each `host` or `host:port`. */
  readonly contactPoints: readonly string[];
  /** Of contact points that name none; 9042 by default. */
  readonly port?: number;
  /** Where requests go; by default the data center of the contact points, if there is only one. */
  readonly localDataCenter?: string;
  /** Letters, digits and underscores; `chatcluster` by default. Made if it is missing. */
  readonly keyspace?: string;
  /**
   * Of a keyspace that is made; by default NetworkTopologyStrategy in the local data center, with
   * three replicas or one a node. A keyspace that is there stays as it is.
   */
  readonly replication?: Replication;
  /** Of reads and writes; LOCAL_QUORUM by default. */
  readonly consistency?: keyof typeof CONSISTENCIES;
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly tls?: ConnectionOptions;
  /**
   * How large batches become, in bytes; 40 KiB by default. Lower it where `batch_size_fail_threshold`
   * is lower than Cassandra's default.
   */
  readonly batchBytesMax?: number;
  /**
   * How long after its acknowledgement a write is on the disks for certain; by default 0 if the nodes sync before they
   * acknowledge, else twice their `commitlog_sync_period`. An append takes so much longer.
   */
  readonly settleMs?: number;
  /** Of each request; three within 4 s by default. More of them where a slow disk may hold Cassandra up for seconds. */
  readonly attempts?: Attempts;
  readonly clock?: Clock;
  readonly timers?: Timers;
};

/**
 * Opens the journal in Cassandra; creates the keyspace and the tables if they are missing. Nodes that
 * go away and come back are found again by themselves; a request in the meantime fails with
 * 'unavailable', within 8 seconds at most unless `attempts` says more.
 *
 * @throws JournalError 'unavailable' if no contact point answers, 'refused' if they refuse the user
 *   or his rights do not suffice, 'wrong-version' if the tables are of another version
 */
export async function openCassandraJournal(options: CassandraJournalOptions): Promise<Journal> {
  const { keyspace = 'chatcluster', clock = systemClock, timers = systemTimers } = options;
  assert(
    /^[a-z][a-z0-9_]{0,47}$/.test(keyspace),
    'A keyspace has up to 48 letters, digits and underscores, and starts with a letter.',
  );
  const prepared = await prepareCluster(options, keyspace);
  const { localDataCenter } = prepared;
  const client = new Client({ ...clientOptions(options), localDataCenter, keyspace });
  shutDownReplacedHosts(client);
  try {
    await client.connect();
  } catch (error) {
    await client.shutdown();
    throw toJournalError(error);
  }
  const settled = new SettledWrites({
    readGenerations: () => readNodeGenerations(client, localDataCenter),
    probe: () => probeSync(client, keyspace),
    timers,
    settleMs: options.settleMs ?? prepared.settleMs,
  });
  return new CassandraJournal({
    session: new Session({ client, clock, timers, attempts: options.attempts }),
    settled,
    clock,
    batchBytesMax: options.batchBytesMax ?? BATCH_BYTES_MAX_DEFAULT,
  });
}

/**
 * When no node could be reached for a while, the driver (4.10.0) makes new objects for the nodes, and
 * lets the old ones go on connecting, for ever. It tells of them, so they are shut down here.
 */
function shutDownReplacedHosts(client: Client): void {
  client.on('hostRemove', (host: { shutdown(waitForPending: boolean): Promise<void> }) => {
    host.shutdown(false).catch(() => {}); // its connections are closed, whatever they answer
  });
}

/** What must be known and there before the journal's own client can connect. */
async function prepareCluster(
  options: CassandraJournalOptions,
  keyspace: string,
): Promise<{ readonly localDataCenter: string; readonly settleMs: number }> {
  const loadBalancing = new policies.loadBalancing.RoundRobinPolicy();
  const base = clientOptions(options);
  const client = new Client({ ...base, policies: { ...base.policies, loadBalancing } });
  try {
    await client.connect();
    const localDataCenter = options.localDataCenter ?? onlyDataCenter(client);
    const replication = options.replication ?? defaultReplication(client, localDataCenter);
    const { timers = systemTimers } = options;
    await ensureSchema(client, { keyspace, replication, timers });
    return { localDataCenter, settleMs: await readSettleMs(client) };
  } catch (error) {
    throw toJournalError(error);
  } finally {
    await client.shutdown();
  }
}

function clientOptions(options: CassandraJournalOptions): DseClientOptions {
  const { contactPoints, port = 9042, consistency = 'LOCAL_QUORUM', credentials, tls } = options;
  return {
    contactPoints: contactPoints.map((host) => (/:\d+$/.test(host) ? host : `${host}:${port}`)),
    ...(credentials && { credentials: { ...credentials } }),
    ...(tls && { sslOptions: tls }),
    queryOptions: { consistency: CONSISTENCIES[consistency] },
    socketOptions: { readTimeout: REQUEST_TIMEOUT_MS, connectTimeout: CONNECT_TIMEOUT_MS },
    // Whole numbers of 64 bits are read as bigint, which costs less than the driver's own class.
    encoding: { useBigIntAsLong: true },
    monitorReporting: { enabled: false },
    policies: {
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
      // The session tries again, and knows when it is too late for that.
      retry: new policies.retry.FallthroughRetryPolicy(),
    },
  };
}

function dataCenters(client: Client): readonly string[] {
  return client.hosts.values().map((host) => host.datacenter);
}

function onlyDataCenter(client: Client): string {
  const names = [...new Set(dataCenters(client))];
  const [name] = names;
  if (name !== undefined && names.length === 1) return name;
  throw new JournalError(
    'refused',
    `Cassandra has the data centers ${names.join(', ')}. Say which is local: localDataCenter.`,
  );
}

function defaultReplication(client: Client, localDataCenter: string): Replication {
  const nodes = dataCenters(client).filter((name) => name === localDataCenter).length;
  return {
    class: 'NetworkTopologyStrategy',
    [localDataCenter]: Math.max(1, Math.min(REPLICAS_MAX, nodes)),
  };
}
