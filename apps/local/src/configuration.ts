import {
  numberSetting,
  optionLines,
  optionsOf,
  portConflict,
  portSetting,
  readSettings,
  type SettingSources,
  textSetting,
} from '@chat-cluster/app-chat-node/settings';
import { PARTITION_COUNT_DEFAULT } from '@chat-cluster/contract';

/** What the embedded default is told: broker, journal and one node in one process. */
export type LocalSettings = {
  /** Everything that is kept is in here. */
  readonly dataDir: string;
  /** For Kafka clients. This and the other ports are on loopback; 0 is any that is free. */
  readonly kafkaPort: number;
  readonly httpPort: number;
  readonly managementPort: number;
  /** Of topics that are created. */
  readonly partitionCount: number;
};

/** The settings; or, in one sentence, what is wrong with them; or the help that was asked for. */
export type LocalConfiguration =
  | { readonly kind: 'settings'; readonly settings: LocalSettings }
  | { readonly kind: 'problem'; readonly problem: string }
  | { readonly kind: 'help'; readonly text: string };

/** Reads the settings from arguments, the environment and a file. Pure but for `readFile`. */
export function readLocalConfiguration(sources: SettingSources): LocalConfiguration {
  const read = readSettings(SETTINGS, sources);
  if (read.kind === 'problem') return read;
  if (read.kind === 'help') return { kind: 'help', text: optionLines(optionsOf(SETTINGS)) };
  const { values } = read;
  const problem = portConflict([
    { setting: '--kafka-port', port: values['kafka-port'] },
    { setting: '--http-port', port: values['http-port'] },
    { setting: '--management-port', port: values['management-port'] },
  ]);
  if (problem !== undefined) return { kind: 'problem', problem };
  return {
    kind: 'settings',
    settings: {
      dataDir: values['data-dir'],
      kafkaPort: values['kafka-port'],
      httpPort: values['http-port'],
      managementPort: values['management-port'],
      partitionCount: values.partitions,
    },
  };
}

/** Each has a log file, a fetch state and a shard: a thousand are a lot for one machine. */
const PARTITION_COUNT_MAX = 1_000;

const SETTINGS = {
  'data-dir': textSetting({
    value: 'DIR',
    description: 'where everything is kept',
    mustBe: 'a folder',
    default: './data',
  }),
  'kafka-port': portSetting({ description: 'for Kafka clients', default: '9092' }),
  'http-port': portSetting({ description: 'for browsers', default: '8080' }),
  'management-port': portSetting({ description: 'for operators and probes', default: '8551' }),
  partitions: numberSetting(
    { min: 1, max: PARTITION_COUNT_MAX },
    { description: 'of topics that are created', default: String(PARTITION_COUNT_DEFAULT) },
  ),
};
