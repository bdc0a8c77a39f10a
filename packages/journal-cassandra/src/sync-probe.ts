import { type Client, errors, type QueryOptions, types } from 'cassandra-driver';
import { assert } from '@chat-cluster/kernel';
import { toJournalError } from './cassandra-errors.ts';

/** Which nodes took the probe: all that have a copy of anything, or all but those that Cassandra itself sees away. */
export type Probed = 'all' | 'some are away';

const WRITE_PROBE = 'INSERT INTO sync_probe (id, time) VALUES (?, toTimestamp(now()))';

/** Ids that are looked at for a node that none of those before has as a replica. */
const IDS_MAX = 1_000;

const { consistencies } = types;

/** The driver's types say `number` where it has the code. */
const UNAVAILABLE: number = types.responseErrorCodes.unavailableException;

/**
 * Writes to every node at once. Under `commitlog_sync: periodic` a node acknowledges a write only if its last sync began at most
 * one and a half periods ago (Cassandra's PeriodicCommitLogService): so whoever takes the probe that long after an acknowledgement has on its
 * disk what it acknowledged then.
 *
 * @throws JournalError 'unavailable' if a node that is seen up did not take it
 */
export async function probeSync(client: Client, keyspace: string): Promise<Probed> {
  const probed = await Promise.all(coveringIds(client, keyspace).map((id) => probe(client, id)));
  return probed.includes('some are away') ? 'some are away' : 'all';
}

async function probe(client: Client, id: number): Promise<Probed> {
  try {
    await write(client, id, consistencies.all);
    return 'all';
  } catch (error) {
    const aliveCount = aliveOf(error);
    if (aliveCount === undefined) throw toJournalError(error);
    try {
      await write(client, id, ofSoMany(aliveCount));
      return 'some are away';
    } catch (second) {
      throw toJournalError(second);
    }
  }
}

async function write(client: Client, id: number, consistency: types.consistencies): Promise<void> {
  const options: QueryOptions = { prepare: true, isIdempotent: true, consistency };
  await client.execute(WRITE_PROBE, [id], options);
}

/** Replicas that Cassandra sees up, when it refused a write because others are not. */
function aliveOf(error: unknown): number | undefined {
  if (!(error instanceof errors.ResponseError)) return undefined;
  if (error.code !== UNAVAILABLE) return undefined;
  const { alive } = error as errors.ResponseError & { readonly alive?: number };
  return alive === undefined || alive === 0 ? undefined : alive;
}

/** With more than three copies, one of which is away, three of the others. */
function ofSoMany(count: number): types.consistencies {
  if (count === 1) return consistencies.one;
  return count === 2 ? consistencies.two : consistencies.three;
}

/** Rows that together have every node as a replica; one where all nodes have every row. */
function coveringIds(client: Client, keyspace: string): readonly number[] {
  const missing = new Set(client.hosts.keys());
  const ids: number[] = [];
  for (let id = 0; id < IDS_MAX && missing.size > 0; id += 1) {
    const key = Buffer.alloc(4);
    key.writeInt32BE(id);
    const replicas = client.getReplicas(keyspace, key) ?? [];
    const found = replicas.filter(({ address }) => missing.delete(address));
    if (found.length > 0) ids.push(id);
  }
  // A node without a token has no rows to lose.
  assert(ids.length <= client.hosts.length, 'Each row adds a node.');
  return ids.length > 0 ? ids : [0];
}
