import { readFile } from 'node:fs/promises';
import type { Client } from 'cassandra-driver';
import { JournalError } from '@chat-cluster/journal';
import { isInvalidQuery, toJournalError } from './cassandra-errors.ts';

/** The version of the tables. A program uses its own version only. */
export const SCHEMA_VERSION = 1;

/** How a keyspace is spread, in Cassandra's words: `{ class: 'NetworkTopologyStrategy', dc1: 3 }`. */
export type Replication = Readonly<Record<string, string | number>>;

const VERSION_TABLE = 'schema-version';
const TABLES = ['journal', 'snapshot', 'shard'];

const COMPONENT = 'journal';

/**
 * Creates what is missing, in a keyspace that may be missing too. May be stopped and started again
 * at any point; but two first starts at the same moment, against different nodes of Cassandra, can
 * disagree about the tables: start one program first.
 *
 * @param keyspace checked: letters, digits and underscores
 * @throws JournalError 'wrong-version' if the tables are of another version; 'refused' if the user
 *   may not create them
 */
export async function ensureSchema(
  client: Client,
  { keyspace, replication }: { keyspace: string; replication: Replication },
): Promise<void> {
  const found = await readVersion(client, keyspace);
  if (found === SCHEMA_VERSION) return;
  if (found !== undefined) throw wrongVersion(keyspace, found);
  const options = Object.entries(replication).map(([name, value]) => `'${name}': '${value}'`);
  await run(
    client,
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {${options.join(', ')}}`,
  );
  await createTable(client, { keyspace, table: VERSION_TABLE });
  for (const table of TABLES) await createTable(client, { keyspace, table });
  await run(
    client,
    `INSERT INTO ${keyspace}.schema_version (component, version) ` +
      `VALUES ('${COMPONENT}', ${SCHEMA_VERSION})`,
  );
}

/** Undefined if there is no keyspace, no table or no version: a first start, or one that was stopped. */
async function readVersion(client: Client, keyspace: string): Promise<number | undefined> {
  const query = `SELECT version FROM ${keyspace}.schema_version WHERE component = '${COMPONENT}'`;
  try {
    const result = await client.execute(query);
    return (result.rows[0] as unknown as { readonly version: number } | undefined)?.version;
  } catch (error) {
    const journalError = toJournalError(error);
    if (isInvalidQuery(journalError)) return undefined;
    throw journalError;
  }
}

async function createTable(
  client: Client,
  { keyspace, table }: { keyspace: string; table: string },
): Promise<void> {
  const file = new URL(`../schema/${table}.cql`, import.meta.url);
  const statement = (await readFile(file, 'utf8')).replace(
    'CREATE TABLE IF NOT EXISTS ',
    `CREATE TABLE IF NOT EXISTS ${keyspace}.`,
  );
  await run(client, statement);
}

async function run(client: Client, statement: string): Promise<void> {
  try {
    await client.execute(statement);
  } catch (error) {
    throw toJournalError(error);
  }
}

function wrongVersion(keyspace: string, found: number): JournalError {
  return new JournalError(
    'wrong-version',
    `The tables in the keyspace ${keyspace} have version ${found}, this program has ` +
      `${SCHEMA_VERSION}. Start the program that made them, or choose another keyspace.`,
  );
}
