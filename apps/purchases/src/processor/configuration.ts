import {
  type JournalAddress,
  JOURNAL_MUST_BE,
  readJournalAddress,
} from '@chat-cluster/app-chat-node';
import {
  accessSettings,
  type Address,
  flagSetting,
  type NodeAccess,
  numberSetting,
  optionLines,
  optionsOf,
  portConflict,
  portSetting,
  readAccess,
  readSettings,
  type Setting,
  type SettingSources,
  textSetting,
} from '@chat-cluster/app-chat-node/settings';
import { USER_PROCESSING } from '@chat-cluster/contract/purchases';
import { brokers, partitions, replicationFactor } from '../cluster-settings.ts';

/** What a processor is told. */
export type ProcessorSettings = {
  readonly brokers: readonly Address[];
  readonly journal: JournalAddress;
  /** Where other nodes reach this one; with several workers each has a port after it. */
  readonly endpoint: Address & Pick<NodeAccess, 'secret' | 'tls'>;
  readonly access: NodeAccess;
  /** On loopback, as are both ports above where nobody says otherwise. 0 is any that is free. */
  readonly frontEndPort: number;
  readonly workerCount: number;
  readonly partitionCount: number;
  /** Of topics and of a keyspace that are created. Undefined: the brokers' default; of a keyspace three, or one a node where there are fewer. */
  readonly replicationFactor: number | undefined;
  readonly groupId: string;
  readonly isQuiet: boolean;
};

/** The settings; or, in one sentence, what is wrong with them; or the help that was asked for. */
export type ProcessorConfiguration =
  | { readonly kind: 'settings'; readonly settings: ProcessorSettings }
  | { readonly kind: 'problem'; readonly problem: string }
  | { readonly kind: 'help'; readonly text: string };

/** Reads the settings from arguments, the environment and a file. Pure but for `readFile`. */
export function readProcessorConfiguration(sources: SettingSources): ProcessorConfiguration {
  const read = readSettings(SETTINGS, sources, { operands: PORTS });
  if (read.kind === 'help') return { kind: 'help', text: optionLines(optionsOf(SETTINGS)) };
  if (read.kind === 'problem') return read;
  const { values } = read;
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
  return {
    kind: 'settings',
    settings: {
      brokers: values.brokers,
      journal: values.journal,
      endpoint: { ...address, secret: access.secret, tls: access.tls },
      access,
      frontEndPort: values['front-end-port'],
      workerCount: values.workers,
      partitionCount: values.partitions,
      replicationFactor: values['replication-factor'] || undefined,
      groupId: values.group,
      isQuiet: values.quiet,
    },
  };
}

/** In the order in which they may be given by place. */
const PORTS = ['node-port', 'management-port', 'front-end-port'] as const;

const WORKER_COUNT_MAX = 64;

const journal: Setting<JournalAddress> = {
  value: 'WHERE',
  description:
    'lmdb:DIR, which the processors of one machine share, or cassandra:HOST[:PORT],…[/KEYSPACE]',
  default: 'lmdb:./data/journal',
  read: readJournalAddress,
  mustBe: JOURNAL_MUST_BE,
};

const SETTINGS = {
  'node-port': portSetting({ description: 'for other nodes', default: '2551' }),
  'front-end-port': portSetting({ description: 'for gRPC clients', default: '8081' }),
  brokers,
  journal,
  workers: numberSetting(
    { min: 1, max: WORKER_COUNT_MAX },
    { description: 'members of the group that this node has', default: '1' },
  ),
  partitions,
  'replication-factor': replicationFactor,
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
  ...accessSettings,
  quiet: flagSetting({ description: 'no line for each record' }),
};
