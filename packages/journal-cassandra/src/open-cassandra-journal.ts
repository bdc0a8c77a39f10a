import { Client, policies } from 'cassandra-driver';
import type { Journal } from '@chat-cluster/journal';
import { assert, type Clock, systemClock, systemTimers, type Timers } from '@chat-cluster/kernel';
import { toJournalError } from './cassandra-errors.ts';
import { CassandraJournal } from './cassandra-journal.ts';
import { clientOptions } from './client-options.ts';
import { onlyDataCenter, replicationOf } from './data-centers.ts';
import { readNodeGenerations } from './node-generations.ts';
import { type OptionNames, ownNames } from './option-names.ts';
import { ensureSchema } from './schema.ts';
import { type Attempts, Session } from './session.ts';
import { readSettleMs } from './settle-time.ts';
import { SettledWrites } from './settled-writes.ts';
import { probeSync } from './sync-probe.ts';

/** 40 KiB by our count, below Cassandra's `batch_size_fail_threshold` of 50 KiB. */
const BATCH_BYTES_MAX_DEFAULT = 40_960;

export type CassandraJournalOptions = {
  /** Names or addresses of some nodes, each `host` or `host:port`. The other nodes are reached at the port of the first. */
  readonly contactPoints: readonly string[];
  /** Of contact points that name none; 9042 by default. */
  readonly port?: number;
  /**
   * Where requests go; needed where Cassandra has several. Whoever shares the journal names the same one: what is
   * acknowledged here, another one may not have yet.
   */
  readonly localDataCenter?: string;
  /** Letters, digits and underscores; `chatcluster` by default. Made if it is missing. */
  readonly keyspace?: string;
  /**
   * Replicas of a keyspace that is made, by data center or in the local one; by default three there, or one a
   * node where there are fewer. A keyspace that is there stays as it is.
   */
  readonly replication?: number | Readonly<Record<string, number>>;
  readonly credentials?: { readonly username: string; readonly password: string };
  /**
   * PEM. Nodes show a certificate that the authority signed and that names the address by which they are reached; `cert`
   * and `key` are shown to those that ask for one.
   */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
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
  /** For the sentences of errors. */
  readonly names?: OptionNames;
  readonly clock?: Clock;
  readonly timers?: Timers;
};

/**
 * Opens the journal in Cassandra; creates the keyspace and the tables if they are missing. Nodes that
 * go away and come back are found again by themselves; a request in the meantime fails with
 * 'unavailable', within 8 seconds at most unless `attempts` says more.
 *
 * @throws JournalError 'unavailable' if no contact point answers, or not over TLS; 'refused' if they refuse the user
 *   or his rights do not suffice, or for its data centers; 'wrong-version' if the tables are of another version
 */
export async function openCassandraJournal(options: CassandraJournalOptions): Promise<Journal> {
  const { keyspace = 'chatcluster', clock = systemClock, timers = systemTimers } = options;
  const { names = ownNames } = options;
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
    throw toJournalError(error, names);
  }
  const settled = new SettledWrites({
    readGenerations: () => readNodeGenerations(client, localDataCenter),
    probe: () => probeSync(client, keyspace),
    timers,
    settleMs: options.settleMs ?? prepared.settleMs,
  });
  return new CassandraJournal({
    session: new Session({ client, clock, timers, attempts: options.attempts, names }),
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
  const { localDataCenter, names = ownNames, replication, timers = systemTimers } = options;
  const base = clientOptions(options);
  const loadBalancing = new policies.loadBalancing.RoundRobinPolicy();
  const client = new Client(
    localDataCenter === undefined
      ? { ...base, policies: { ...base.policies, loadBalancing } }
      : { ...base, localDataCenter },
  );
  try {
    await client.connect();
    const found = client.hosts.values().map((host) => host.datacenter);
    const local = localDataCenter ?? onlyDataCenter(found, names);
    await ensureSchema(client, {
      keyspace,
      localDataCenter: local,
      replication: replicationOf({ found, local, asked: replication, names }),
      timers,
    });
    return { localDataCenter: local, settleMs: await readSettleMs(client) };
  } catch (error) {
    throw toJournalError(error, names);
  } finally {
    await client.shutdown();
  }
}
