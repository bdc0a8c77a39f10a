import { PARTITION_COUNT_DEFAULT } from '@chat-cluster/contract';
import {
  accessSettings,
  type Address,
  endpointSetting,
  type NodeAccess,
  numberSetting,
  optionLines,
  optionsOf,
  portConflict,
  portSetting,
  readAccess,
  readAddresses,
  readSettings,
  type Setting,
  type SettingSources,
  textSetting,
  wordSetting,
} from './settings/index.ts';

/** What one node of a cluster is told. */
export type NodeSettings = {
  /** Kafka's bootstrap servers, at least one. */
  readonly brokers: readonly Address[];
  readonly journal: JournalAddress;
  /** Where other nodes reach this one. Its workers, if there are several, have the ports after it. */
  readonly endpoint: Address;
  readonly access: NodeAccess;
  readonly httpPort: number;
  readonly workerCount: number;
  readonly partitionCount: number;
  /**
   * Of topics and of a keyspace that are created. Undefined: the brokers' default; of a
   * keyspace three, or one a node where there are fewer.
   */
  readonly replicationFactor: number | undefined;
  readonly groupId: string;
  /** Of a worker: committed events that may wait for the journal; beyond it intake pauses. */
  readonly backlogBytesMax: number;
  readonly logLevel: LogLevel;
};

/** Where the journal is. */
export type JournalAddress =
  | { readonly kind: 'lmdb'; readonly dir: string }
  | {
      readonly kind: 'cassandra';
      readonly contactPoints: readonly Address[];
      readonly keyspace: string;
    };

export type LogLevel = (typeof LOG_LEVELS)[number];

/** The settings; or, in one sentence, what is wrong with them; or the help that was asked for. */
export type NodeConfiguration =
  | { readonly kind: 'settings'; readonly settings: NodeSettings }
  | { readonly kind: 'problem'; readonly problem: string }
  | { readonly kind: 'help'; readonly text: string };

/**
 * Reads a node's settings from its arguments, the environment and a file. Pure but for `readFile`.
 */
export function readNodeConfiguration(sources: SettingSources): NodeConfiguration {
  const read = readSettings(SETTINGS, sources);
  if (read.kind === 'problem') return read;
  if (read.kind === 'help') return { kind: 'help', text: optionLines(optionsOf(SETTINGS)) };
  const { values } = read;
  const { endpoint, workers: workerCount } = values;
  const httpPort = values['http-port'];
  const conflict = portConflict([
    { setting: '--endpoint', port: endpoint.port, workerCount },
    { setting: '--http-port', port: httpPort },
    { setting: '--management-port', port: values['management-port'] },
  ]);
  if (conflict !== undefined) return { kind: 'problem', problem: conflict };
  const readAs = readAccess(values, endpoint, sources);
  if (readAs.kind === 'problem') return readAs;
  return {
    kind: 'settings',
    settings: {
      brokers: values.brokers,
      journal: values.journal,
      endpoint,
      access: readAs.access,
      httpPort,
      workerCount,
      partitionCount: values.partitions,
      replicationFactor: values['replication-factor'] || undefined,
      groupId: values.group,
      backlogBytesMax: values['backlog-mib'] * MIB,
      logLevel: values['log-level'],
    },
  };
}

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
export const JOURNAL_MUST_BE =
  'lmdb:DIR or cassandra:HOST[:PORT],…[/KEYSPACE] (keyspace: lower-case letters, digits, _)';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const CASSANDRA_PORT = 9042;
const KEYSPACE_DEFAULT = 'chat_cluster';
const WORKER_COUNT_MAX = 64;
const PARTITION_COUNT_MAX = 1_000;
const REPLICATION_FACTOR_MAX = 9;
const MIB = 1024 * 1024;
/** A gigabyte for each worker: beyond it, a heap of Node would need settings of its own. */
const BACKLOG_MIB_MAX = 1_024;

/** The group keeps the name and the endpoint of each worker, in less than 100 bytes; where they are the same, once. */
const ENDPOINT_LENGTH_MAX = 90;

const brokers: Setting<readonly Address[]> = {
  value: 'HOST:PORT,…',
  description: 'Kafka, some of its brokers; also KAFKA_BROKERS',
  default: '127.0.0.1:9092',
  variable: 'KAFKA_BROKERS',
  read: (text) => readAddresses(text),
  mustBe: 'HOST:PORT, several with commas between them',
};

const journal: Setting<JournalAddress> = {
  value: 'WHERE',
  description: 'lmdb:DIR or cassandra:HOST[:PORT],…[/KEYSPACE]',
  read: readJournalAddress,
  mustBe: JOURNAL_MUST_BE,
};

const SETTINGS = {
  brokers,
  journal,
  endpoint: endpointSetting(
    {
      description:
        'where other nodes reach this one; its workers, if there are several, have the ports after it',
      default: '127.0.0.1:2551',
    },
    { lengthMax: ENDPOINT_LENGTH_MAX },
  ),
  ...accessSettings,
  'http-port': portSetting({ description: 'for browsers, on loopback', default: '8080' }),
  workers: numberSetting(
    { min: 1, max: WORKER_COUNT_MAX },
    { description: 'members of the group that this node has', default: '1' },
  ),
  partitions: numberSetting(
    { min: 1, max: PARTITION_COUNT_MAX },
    {
      description: 'of topics that are created',
      default: String(PARTITION_COUNT_DEFAULT),
    },
  ),
  'replication-factor': numberSetting(
    { min: 0, max: REPLICATION_FACTOR_MAX },
    {
      description:
        "of topics and of a keyspace that are created; 0: the brokers' default, and three where there are so many nodes",
      default: '0',
    },
  ),
  group: textSetting({
    value: 'NAME',
    description: 'the consumer group: all nodes of a cluster have the same',
    mustBe: 'a name',
    default: 'chat',
  }),
  'backlog-mib': numberSetting(
    { min: 1, max: BACKLOG_MIB_MAX },
    {
      description: 'of committed events that may wait for the journal, a worker, before it pauses',
      default: '64',
    },
  ),
  'log-level': wordSetting(LOG_LEVELS, { description: 'what is logged', default: 'info' }),
};
