import {
  accessSettings,
  type Address,
  brokersSetting,
  cassandraSettings,
  type Configuration,
  flagSetting,
  journalSetting,
  type JournalSettings,
  type NodeAccess,
  portConflict,
  portSetting,
  readAccess,
  readConfiguration,
  readJournal,
  replicationFactorSetting,
  type SettingSources,
  textSetting,
  workersSetting,
} from '@chat-cluster/app-chat-node/settings';
import { USER_PROCESSING } from '@chat-cluster/contract/purchases';
import { purchasesPartitions } from '../cluster-settings.ts';

/** What a processor is told. */
export type ProcessorSettings = {
  readonly brokers: readonly Address[];
  readonly journal: JournalSettings;
  /** Where other nodes reach this one; with several workers each has a port after it. */
  readonly endpoint: Address & Pick<NodeAccess, 'secret' | 'tls'>;
  readonly access: NodeAccess;
  /** Everybody who reaches it may ask. Port 0 is any that is free. */
  readonly frontEnd: Address;
  readonly workerCount: number;
  readonly partitionCount: number;
  /** Of topics and of a keyspace that are created. Undefined: the brokers' default; of a keyspace three, or one a node where there are fewer. */
  readonly replicationFactor: number | undefined;
  readonly groupId: string;
  readonly isQuiet: boolean;
};

/** Reads the settings from arguments, the environment and a file. Pure but for `readFile`. */
export function readProcessorConfiguration(
  sources: SettingSources,
): Configuration<ProcessorSettings> {
  return readConfiguration(
    SETTINGS,
    sources,
    (values) => {
      const problem = portConflict([
        { setting: '--node-port', port: values['node-port'], workerCount: values.workers },
        { setting: '--management-port', port: values['management-port'] },
        { setting: '--front-end-port', port: values['front-end-port'] },
      ]);
      if (problem !== undefined) return { kind: 'problem', problem };
      const address = { host: values['node-host'], port: values['node-port'] };
      const readAs = readAccess(values, address, sources);
      if (readAs.kind === 'problem') return readAs;
      const { access } = readAs;
      const read = readJournal(values, sources);
      if (read.kind === 'problem') return read;
      const settings = {
        brokers: values.brokers,
        journal: read.journal,
        endpoint: { ...address, secret: access.secret, tls: access.tls },
        access,
        frontEnd: { host: values['front-end-host'], port: values['front-end-port'] },
        workerCount: values.workers,
        partitionCount: values.partitions,
        replicationFactor: values['replication-factor'] || undefined,
        groupId: values.group,
        isQuiet: values.quiet,
      };
      return { kind: 'settings', settings };
    },
    { operands: PORTS },
  );
}

/** In the order in which they may be given by place. */
const PORTS = ['node-port', 'management-port', 'front-end-port'] as const;

const SETTINGS = {
  'node-port': portSetting({ description: 'for other nodes', default: '2551' }),
  'front-end-port': portSetting({ description: 'for gRPC clients', default: '8081' }),
  brokers: brokersSetting,
  journal: journalSetting({
    description:
      'lmdb:DIR, which the processors of one machine share, or cassandra:HOST[:PORT],…[/KEYSPACE]',
    default: 'lmdb:./data/journal',
  }),
  ...cassandraSettings,
  workers: workersSetting,
  partitions: purchasesPartitions,
  'replication-factor': replicationFactorSetting({
    description:
      "of topics and of a keyspace that are created; 0: the brokers' default, and three where there are so many nodes",
  }),
  group: textSetting({
    value: 'NAME',
    description: 'the consumer group: all processors have the same',
    mustBe: 'a name',
    default: USER_PROCESSING,
  }),
  'node-host': textSetting({
    value: 'HOST',
    description: 'where other nodes reach this one; another than loopback needs a secret',
    mustBe: 'a host',
    default: '127.0.0.1',
  }),
  'front-end-host': textSetting({
    value: 'HOST',
    description:
      'where gRPC clients reach this one: all who can connect there may ask what any user bought',
    mustBe: 'a host',
    default: '127.0.0.1',
  }),
  ...accessSettings,
  quiet: flagSetting({ description: 'no line for each record' }),
};
