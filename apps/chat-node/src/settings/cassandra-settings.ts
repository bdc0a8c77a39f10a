import type { CassandraJournalOptions } from '@chat-cluster/journal-cassandra';
import { REPLICATION_FACTOR_MAX } from './cluster-settings.ts';
import type { JournalAddress } from './journal-address.ts';
import type { SettingSources, ValuesOf } from './read-settings.ts';
import { numberSetting, optional, optionalSetting, type Setting } from './setting.ts';

/** How a journal in Cassandra is reached, as everybody is told who opens one. */
export const cassandraAccessSettings = {
  'cassandra-data-center': optionalSetting({
    value: 'NAME',
    description:
      'the local one, where requests go; needed if there are several, and the same for all nodes',
  }),
  'cassandra-user': optionalSetting({ value: 'NAME', description: 'as whom to log in' }),
  'cassandra-password': optionalSetting({
    value: 'TEXT',
    description: "that user's; better set in the environment, where others cannot see it",
  }),
  'cassandra-tls-ca': optionalSetting({
    value: 'FILE',
    description:
      "PEM: who signs the certificates of Cassandra's nodes; connections are encrypted then",
  }),
  'cassandra-tls-cert': optionalSetting({
    value: 'FILE',
    description: 'PEM: the certificate that Cassandra is shown, if it asks for one',
  }),
  'cassandra-tls-key': optionalSetting({ value: 'FILE', description: 'PEM: its key' }),
};

/** The same, and how a journal is made and written. */
export const cassandraSettings = {
  ...cassandraAccessSettings,
  'cassandra-replication': optional(replicationSetting()),
  'cassandra-batch-kib': optional(
    numberSetting(
      { min: 1, max: 1_024 },
      {
        description: "of rows in one batch; less than Cassandra's batch_size_fail_threshold (40)",
      },
    ),
  ),
};

type AccessValues = ValuesOf<typeof cassandraAccessSettings>;
type JournalValues = AccessValues &
  Partial<ValuesOf<typeof cassandraSettings>> & { readonly journal: JournalAddress };

/** What these settings mean for who opens the journal. */
type CassandraAccess = Pick<
  CassandraJournalOptions,
  'localDataCenter' | 'replication' | 'credentials' | 'tls' | 'batchBytesMax'
>;

/** Where a journal is, and how one in Cassandra is reached. */
export type JournalSettings =
  | Extract<JournalAddress, { readonly kind: 'lmdb' }>
  | (Extract<JournalAddress, { readonly kind: 'cassandra' }> & {
      /** Without, as where Cassandra lets everybody in. */
      readonly access?: CassandraAccess;
    });

type Problem = { readonly kind: 'problem'; readonly problem: string };

/** Reads the files that are named. A problem, in a sentence, where settings do not go together. */
export function readJournal(
  values: JournalValues,
  sources: Pick<SettingSources, 'readFile'>,
): { readonly kind: 'journal'; readonly journal: JournalSettings } | Problem {
  const { journal } = values;
  if (journal.kind === 'lmdb') {
    const misplaced = givenNames(values)[0];
    if (misplaced === undefined) return { kind: 'journal', journal };
    return problem(
      `--${misplaced} is about a journal in Cassandra, and --journal is lmdb:${journal.dir}: change one of them.`,
    );
  }
  const localDataCenter = values['cassandra-data-center'].text;
  const username = values['cassandra-user'].text;
  const password = values['cassandra-password'].text;
  if ((username === undefined) !== (password === undefined)) {
    return problem('--cassandra-user and CHATCLUSTER_CASSANDRA_PASSWORD go together.');
  }
  const tls = readTls(values, sources);
  if (tls.kind === 'problem') return tls;
  const replication = values['cassandra-replication']?.value;
  const batchKib = values['cassandra-batch-kib']?.value;
  const access = {
    ...(localDataCenter !== undefined && { localDataCenter }),
    ...(replication && { replication }),
    ...(username !== undefined &&
      password !== undefined && { credentials: { username, password } }),
    ...(tls.kind === 'tls' && { tls: tls.tls }),
    ...(batchKib !== undefined && { batchBytesMax: batchKib * KIB }),
  };
  return { kind: 'journal', journal: { ...journal, access } };
}

/** Those that are about Cassandra. A password may be exported for others that are started in the same shell. */
function givenNames(values: JournalValues): readonly string[] {
  const names = Object.keys(cassandraSettings) as (keyof typeof cassandraSettings)[];
  return names.filter(
    (name) =>
      name !== 'cassandra-password' &&
      Object.values(values[name] ?? {}).some((each) => each !== undefined),
  );
}

function readTls(
  values: AccessValues,
  { readFile }: Pick<SettingSources, 'readFile'>,
):
  | { readonly kind: 'tls'; readonly tls: NonNullable<CassandraAccess['tls']> }
  | { readonly kind: 'none' }
  | Problem {
  const pem: { ca?: string; cert?: string; key?: string } = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = values[`cassandra-tls-${name}`].text;
    if (path === undefined) continue;
    try {
      pem[name] = readFile(path);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return problem(
        `The file of --cassandra-tls-${name} cannot be read: ${why}; it must be a PEM file.`,
      );
    }
  }
  const { ca, cert, key } = pem;
  if ((cert === undefined) !== (key === undefined) || (cert !== undefined && ca === undefined)) {
    return problem(
      '--cassandra-tls-cert and --cassandra-tls-key go together, and with --cassandra-tls-ca.',
    );
  }
  if (ca === undefined) return { kind: 'none' };
  const own = cert !== undefined && key !== undefined && { cert, key };
  return { kind: 'tls', tls: { ca, ...own } };
}

function replicationSetting(): Setting<Readonly<Record<string, number>>> {
  return {
    value: 'DC:N,…',
    description:
      'replicas of a keyspace that is created, by data center; else --replication-factor in the local one',
    read: readReplication,
    mustBe: `DC:N (1 to ${REPLICATION_FACTOR_MAX} replicas), each data center once, several with commas between them`,
  };
}

function readReplication(text: string): Readonly<Record<string, number>> | undefined {
  const replicas = new Map<string, number>();
  for (const each of text.split(',')) {
    const [, name = '', count = ''] = /^([\w.-]+):(\d)$/.exec(each.trim()) ?? [];
    const isCount = Number(count) >= 1 && Number(count) <= REPLICATION_FACTOR_MAX;
    if (!isCount || replicas.has(name)) return undefined;
    replicas.set(name, Number(count));
  }
  return Object.fromEntries(replicas);
}

function problem(sentence: string): Problem {
  return { kind: 'problem', problem: sentence };
}

const KIB = 1_024;
