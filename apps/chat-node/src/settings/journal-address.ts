import { type Address, readAddresses, type Setting } from './setting.ts';

/** Where the journal is. */
export type JournalAddress =
  | { readonly kind: 'lmdb'; readonly dir: string }
  | {
      readonly kind: 'cassandra';
      readonly contactPoints: readonly Address[];
      readonly keyspace: string;
    };

/** `lmdb:DIR` or `cassandra:HOST[:PORT],…[/KEYSPACE]`; undefined for anything else. */
export function readJournalAddress(text: string): JournalAddress | undefined {
  const [, kind, rest = ''] = /^(lmdb|cassandra):(.+)$/.exec(text) ?? [];
  if (kind === 'lmdb') return { kind, dir: rest };
  if (kind !== 'cassandra') return undefined;
  const [hosts = '', keyspace = KEYSPACE_DEFAULT, ...surplus] = rest.split('/');
  const contactPoints = readAddresses(hosts, CASSANDRA_PORT);
  // Cassandra's own rule for names that need no quotes.
  const isKeyspace = /^[a-z][a-z0-9_]{0,47}$/.test(keyspace) && surplus.length === 0;
  return contactPoints !== undefined && isKeyspace ? { kind, contactPoints, keyspace } : undefined;
}

/** What a journal's address must be, to end a sentence with. */
const JOURNAL_MUST_BE =
  'lmdb:DIR or cassandra:HOST[:PORT],…[/KEYSPACE] (keyspace: lower-case letters, digits, _)';

/** Where a program's journal is. */
export function journalSetting(described: {
  readonly description: string;
  readonly default?: string;
}): Setting<JournalAddress> {
  return { value: 'WHERE', ...described, read: readJournalAddress, mustBe: JOURNAL_MUST_BE };
}

const CASSANDRA_PORT = 9042;
const KEYSPACE_DEFAULT = 'chat_cluster';
