import { PARTITION_COUNT_DEFAULT } from '@chat-cluster/contract';
import { LOG_FORMS, LOG_LEVELS, type LogSettings } from './log/log-settings.ts';
import {
  accessSettings,
  type Address,
  brokersSetting,
  cassandraSettings,
  type Configuration,
  endpointSetting,
  journalSetting,
  type JournalSettings,
  type NodeAccess,
  numberSetting,
  partitionsSetting,
  portConflict,
  portSetting,
  readAccess,
  readConfiguration,
  readJournal,
  replicationFactorSetting,
  type SettingSources,
  textSetting,
  wordSetting,
  workersSetting,
} from './settings/index.ts';

/** What one node of a cluster is told. */
export type NodeSettings = LogSettings & {
  /** Kafka's bootstrap servers, at least one. */
  readonly brokers: readonly Address[];
  readonly journal: JournalSettings;
  /** Where other nodes reach this one. Its workers, if there are several, have the ports after it. */
  readonly endpoint: Address;
  readonly access: NodeAccess;
  readonly httpPort: number;
  readonly workerCount: number;
  readonly partitionCount: number;
  /**
   * Of topics and of a keyspace that are created, which has its replicas in the local data center if nothing else was said.
   * Undefined: the brokers' default; of a keyspace three, or one a node where there are fewer.
   */
  readonly replicationFactor: number | undefined;
  readonly groupId: string;
  /** Of a worker: committed events that may wait for the journal; beyond it intake pauses. */
  readonly backlogBytesMax: number;
};

/** Reads a node's settings from its arguments, the environment and a file. Pure but for `readFile`. */
export function readNodeConfiguration(sources: SettingSources): Configuration<NodeSettings> {
  return readConfiguration(SETTINGS, sources, (values) => {
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
    const read = readJournal(values, sources);
    if (read.kind === 'problem') return read;
    const settings = {
      brokers: values.brokers,
      journal: read.journal,
      endpoint,
      access: readAs.access,
      httpPort,
      workerCount,
      partitionCount: values.partitions,
      replicationFactor: values['replication-factor'] || undefined,
      groupId: values.group,
      backlogBytesMax: values['backlog-mib'] * MIB,
      logForm: values.log,
      logLevel: values['log-level'],
    };
    return { kind: 'settings', settings };
  });
}

const PARTITION_COUNT_MAX = 1_000;
const MIB = 1024 * 1024;
/** A gigabyte for each worker: beyond it, a heap of Node would need settings of its own. */
const BACKLOG_MIB_MAX = 1_024;

/** The group keeps the name and the endpoint of each worker, in less than 100 bytes; where they are the same, once. */
const ENDPOINT_LENGTH_MAX = 90;

const SETTINGS = {
  brokers: brokersSetting,
  journal: journalSetting({ description: 'lmdb:DIR or cassandra:HOST[:PORT],…[/KEYSPACE]' }),
  ...cassandraSettings,
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
  workers: workersSetting,
  partitions: partitionsSetting({
    countDefault: PARTITION_COUNT_DEFAULT,
    countMax: PARTITION_COUNT_MAX,
  }),
  'replication-factor': replicationFactorSetting({
    description:
      "of topics and of a keyspace that are created; 0: the brokers' default, and three where there are so many nodes",
  }),
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
  log: wordSetting(LOG_FORMS, {
    description: 'how it is logged: lines for people, JSON lines, or what suits where the log goes',
    default: 'auto',
  }),
  'log-level': wordSetting(LOG_LEVELS, { description: 'what is logged', default: 'info' }),
};
