import {
  type Address,
  brokersSetting,
  type Configuration,
  flagSetting,
  numberSetting,
  readConfiguration,
  replicationFactorSetting,
  type SettingSources,
} from '@chat-cluster/app-chat-node/settings';
import { purchasesPartitions } from '../cluster-settings.ts';

/** What the producer is told. */
export type ProducerSettings = {
  readonly brokers: readonly Address[];
  /** Purchases a second. */
  readonly rate: number;
  /** Undefined: until it is stopped. */
  readonly count: number | undefined;
  readonly isQuiet: boolean;
  /** Of topics that are created. */
  readonly partitionCount: number;
  /** Of topics that are created; -1 for the brokers' default. */
  readonly replicationFactor: number;
};

/** Reads the settings from arguments, the environment and a file. Pure but for `readFile`. */
export function readProducerConfiguration(
  sources: SettingSources,
): Configuration<ProducerSettings> {
  return readConfiguration(SETTINGS, sources, (values) => ({
    kind: 'settings',
    settings: {
      brokers: values.brokers,
      rate: values.rate,
      count: values.count || undefined,
      isQuiet: values.quiet,
      partitionCount: values.partitions,
      replicationFactor: values['replication-factor'] || -1,
    },
  }));
}

const RATE_MAX = 100_000;
const COUNT_MAX = 1_000_000_000;

const SETTINGS = {
  brokers: brokersSetting,
  rate: numberSetting(
    { min: 1, max: RATE_MAX },
    { description: 'purchases a second', default: '10' },
  ),
  count: numberSetting(
    { min: 0, max: COUNT_MAX },
    { description: 'how many; 0: until it is stopped', default: '0' },
  ),
  quiet: flagSetting({ description: 'no line for each purchase' }),
  partitions: purchasesPartitions,
  'replication-factor': replicationFactorSetting({
    description: "of topics that are created; 0: the brokers' default",
  }),
};
