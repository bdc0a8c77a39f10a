import type { EngineLimits } from '@chat-cluster/engine';
import type { Journal } from '@chat-cluster/journal';
import type { JournalAddress, JournalSettings } from './settings/index.ts';

/**
 * Opens a journal. A keyspace that is missing is created, with this replication factor if one is given and the settings do
 * not say more. Only the driver that is needed is loaded. Rejects with a JournalError.
 */
export async function openJournal(
  journal: JournalSettings,
  { replicationFactor }: { readonly replicationFactor: number | undefined },
): Promise<Journal> {
  if (journal.kind === 'lmdb') {
    const { openLmdbJournal } = await import('@chat-cluster/journal-lmdb');
    return openLmdbJournal({ dir: journal.dir });
  }
  const { openCassandraJournal } = await import('@chat-cluster/journal-cassandra');
  return openCassandraJournal({
    contactPoints: journal.contactPoints.map(({ host, port }) => `${host}:${port}`),
    keyspace: journal.keyspace,
    ...(replicationFactor !== undefined && { replication: replicationFactor }),
    ...journal.access,
    names: CASSANDRA_NAMES,
  });
}

/** What its sentences tell to set. */
const CASSANDRA_NAMES = {
  localDataCenter: '--cassandra-data-center',
  replication: '--cassandra-replication',
  credentials: '--cassandra-user and CHATCLUSTER_CASSANDRA_PASSWORD',
  tls: '--cassandra-tls-ca, --cassandra-tls-cert and --cassandra-tls-key',
  batchBytesMax: '--cassandra-batch-kib',
};

/**
 * How much is written at a time, where the default of the engine is not the best. For Cassandra rows of one conversation
 * in one append are one write, so more of them cost much less; LMDB would only hold more memory.
 */
export function journalLimits({ kind }: JournalAddress): Partial<EngineLimits> {
  if (kind === 'lmdb') return {};
  return {
    journalBatchRows: 24_000,
    journalBatchBytes: 8 * 1024 * 1024,
    journalGatherMs: 150,
    journalGatherBehindMs: 1_000,
    // An append takes as long as Cassandra takes to sync twice, where it acknowledges before it does.
    journalConcurrency: 16,
  };
}
