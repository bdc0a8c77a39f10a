import { readFile } from 'node:fs/promises';
import type { Client, QueryOptions } from 'cassandra-driver';
import { JournalError } from '@chat-cluster/journal';
import { retry, type Timers } from '@chat-cluster/kernel';
import { isInvalidQuery, toJournalError } from './cassandra-errors.ts';

/** The version of the tables. A program uses its own version only. */
export const SCHEMA_VERSION = 2;

/** How a keyspace is spread, in Cassandra's words: `{ class: 'NetworkTopologyStrategy', dc1: 3 }`. */
export type Replication = Readonly<Record<string, string | number>>;

const VERSION_TABLE = 'schema-version';
const TABLES = ['journal', 'snapshot', 'shard', 'sync-probe'];

/** The one that is made last. */
const LAST_TABLE = 'sync_probe';

const COMPONENT = 'journal';

/**
 * Cassandra's nodes learn one after the other of a keyspace or a table that one of them made; busy ones take
 * seconds. The driver waits for that too, but takes a node that has not said anything yet for one that agrees.
 */
const AGREEMENT_LOOK_MS = 250;
const AGREEMENT_LOOKS_MAX = 120;

/**
 * Creates what is missing, in a keyspace that may be missing too; resolves when every node of the local data center that is
 * up knows it. May be stopped and started again at any point; but two first starts at the same moment, against
 * different nodes of Cassandra, can disagree about the tables: start one program first.
 *
 * @param keyspace checked: letters, digits and underscores
 * @throws JournalError 'wrong-version' if the tables are of another version; 'refused' if the user
 *   may not create them
 */
export async function ensureSchema(
  client: Client,
  options: {
    keyspace: string;
    localDataCenter: string;
    replication: Replication;
    timers: Timers;
  },
): Promise<void> {
  const { keyspace, localDataCenter, replication, timers } = options;
  const found = await readVersion(client, keyspace);
  if (found === SCHEMA_VERSION) return;
  if (found !== undefined) throw wrongVersion(keyspace, found);
  const entries = Object.entries(replication).map(([name, value]) => `'${name}': '${value}'`);
  const run = (statement: string, where?: Pick<QueryOptions, 'host'>): Promise<void> =>
    runOnceKnown(client, { statement, where, timers });
  // Who may do everything in a keyspace that somebody made for him may not even ask for another one.
  if (!(await hasKeyspace(client, keyspace))) {
    await run(
      `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {${entries.join(', ')}}`,
    );
  }
  for (const table of [VERSION_TABLE, ...TABLES]) await run(await creation(keyspace, table));
  for (const host of client.hosts.values()) {
    if (host.datacenter !== localDataCenter || !host.isUp()) continue;
    await run(`SELECT * FROM ${keyspace}.${LAST_TABLE} LIMIT 1`, { host });
  }
  await run(
    `INSERT INTO ${keyspace}.schema_version (component, version) ` +
      `VALUES ('${COMPONENT}', ${SCHEMA_VERSION})`,
  );
}

/** Undefined if there is no keyspace, no table or no version: a first start, or one that was stopped. */
async function readVersion(client: Client, keyspace: string): Promise<number | undefined> {
  const query = `SELECT version FROM ${keyspace}.schema_version WHERE component = '${COMPONENT}'`;
  try {
    const [row] = await read<{ readonly version: number }>(client, query);
    return row?.version;
  } catch (error) {
    if (isInvalidQuery(error)) return undefined;
    throw error;
  }
}

async function hasKeyspace(client: Client, keyspace: string): Promise<boolean> {
  const query = `SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = '${keyspace}'`;
  return (await read(client, query)).length > 0;
}

async function read<Row>(client: Client, query: string): Promise<readonly Row[]> {
  try {
    return (await client.execute(query)).rows as unknown as readonly Row[];
  } catch (error) {
    throw toJournalError(error);
  }
}

async function creation(keyspace: string, table: string): Promise<string> {
  const file = new URL(`../schema/${table}.cql`, import.meta.url);
  return (await readFile(file, 'utf8')).replace(
    'CREATE TABLE IF NOT EXISTS ',
    `CREATE TABLE IF NOT EXISTS ${keyspace}.`,
  );
}

/** Again and again while the node that is asked does not know what another one has made. The statement must be idempotent. */
async function runOnceKnown(
  client: Client,
  {
    statement,
    where,
    timers,
  }: { statement: string; where: Pick<QueryOptions, 'host'> | undefined; timers: Timers },
): Promise<void> {
  const runOnce = async (): Promise<void> => {
    try {
      await client.execute(statement, [], where);
    } catch (error) {
      throw toJournalError(error);
    }
  };
  await retry(runOnce, {
    attemptsMax: AGREEMENT_LOOKS_MAX,
    backoffMs: () => AGREEMENT_LOOK_MS,
    timers,
    shouldRetry: isInvalidQuery,
  });
}

function wrongVersion(keyspace: string, found: number): JournalError {
  return new JournalError(
    'wrong-version',
    `The tables in the keyspace ${keyspace} have version ${found}, this program has ` +
      `${SCHEMA_VERSION}. Start the program that made them, or choose another keyspace.`,
  );
}
