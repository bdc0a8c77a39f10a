import {
  type Configuration,
  partitionsSetting,
  portConflict,
  portSetting,
  readConfiguration,
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

/** Reads the settings from arguments, the environment and a file. Pure but for `readFile`. */
export function readLocalConfiguration(sources: SettingSources): Configuration<LocalSettings> {
  return readConfiguration(SETTINGS, sources, (values) => {
    const kafkaPort = values['kafka-port'];
    const httpPort = values['http-port'];
    const managementPort = values['management-port'];
    const problem = portConflict([
      { setting: '--kafka-port', port: kafkaPort },
      { setting: '--http-port', port: httpPort },
      { setting: '--management-port', port: managementPort },
    ]);
    if (problem !== undefined) return { kind: 'problem', problem };
    const dataDir = values['data-dir'];
    const partitionCount = values.partitions;
    const settings = { dataDir, kafkaPort, httpPort, managementPort, partitionCount };
    return { kind: 'settings', settings };
  });
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
  partitions: partitionsSetting({
    countDefault: PARTITION_COUNT_DEFAULT,
    countMax: PARTITION_COUNT_MAX,
  }),
};
