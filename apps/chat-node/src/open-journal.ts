import type { Journal } from '@chat-cluster/journal';
import type { JournalAddress } from './configuration.ts';

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
