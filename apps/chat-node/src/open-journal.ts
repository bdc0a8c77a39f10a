import type { EngineLimits } from '@chat-cluster/engine';
import type { Journal } from '@chat-cluster/journal';
import type { JournalAddress } from './settings/index.ts';

/**
 * Opens the journal at an address. A keyspace that is missing is created, with this replication factor if one is given.
 * Only the driver that is needed is loaded. Rejects with a JournalError.
 */
export async function openJournal(
  address: JournalAddress,
  options: { readonly replicationFactor: number | undefined },
): Promise<Journal> {
  if (address.kind === 'lmdb') {
    const { openLmdbJournal } = await import('@chat-cluster/journal-lmdb');
    return openLmdbJournal({ dir: address.dir });
  }
  const { openCassandraJournal } = await import('@chat-cluster/journal-cassandra');
  const { replicationFactor } = options;
  return openCassandraJournal({
    contactPoints: address.contactPoints.map(({ host, port }) => `${host}:${port}`),
    keyspace: address.keyspace,
    ...(replicationFactor !== undefined && {
      replication: { class: 'SimpleStrategy', replication_factor: replicationFactor },
    }),
  });
}

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
