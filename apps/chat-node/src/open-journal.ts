import type { Journal } from '@chat-cluster/journal';
import type { JournalAddress } from './configuration.ts';

/** Opens the journal at an address. A keyspace that is missing is created with this replication factor. Rejects with a JournalError. Only the driver that is needed is loaded. */
export async function openJournal(
  address: JournalAddress,
  options: { readonly replicationFactor: number },
): Promise<Journal> {
  if (address.kind === 'lmdb') {
    const { openLmdbJournal } = await import('@chat-cluster/journal-lmdb');
    return openLmdbJournal({ dir: address.dir });
  }
  const { openCassandraJournal } = await import('@chat-cluster/journal-cassandra');
  const { contactPoints, keyspace } = address;
  const { replicationFactor } = options;
  return openCassandraJournal({ contactPoints, keyspace, replicationFactor });
}
