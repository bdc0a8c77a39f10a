import {
  type Address,
  flagSetting,
  numberSetting,
  optionLines,
  optionsOf,
  readSettings,
  type SettingSources,
} from '@chat-cluster/app-chat-node/settings';
import { brokers, partitions, replicationFactor } from '../cluster-settings.ts';

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

/** The settings; or, in one sentence, what is wrong with them; or the help that was asked for. */
export type ProducerConfiguration =
  | { readonly kind: 'settings'; readonly settings: ProducerSettings }
  | { readonly kind: 'problem'; readonly problem: string }
  | { readonly kind: 'help'; readonly text: string };

/** Reads the settings from arguments, the environment and a file. Pure but for `readFile`. */
export function readProducerConfiguration(sources: SettingSources): ProducerConfiguration {
  const read = readSettings(SETTINGS, sources);
  if (read.kind === 'help') return { kind: 'help', text: optionLines(optionsOf(SETTINGS)) };
  if (read.kind === 'problem') return read;
  const { values } = read;
  return {
    kind: 'settings',
    settings: {
      brokers: values.brokers,
      rate: values.rate,
      count: values.count || undefined,
      isQuiet: values.quiet,
      partitionCount: values.partitions,
      replicationFactor: values['replication-factor'] || -1,
    },
  };
}

const RATE_MAX = 100_000;
const COUNT_MAX = 1_000_000_000;

const SETTINGS = {
  brokers,
  rate: numberSetting(
    { min: 1, max: RATE_MAX },
    { description: 'purchases a second', default: '10' },
  ),
  count: numberSetting(
    { min: 0, max: COUNT_MAX },
    { description: 'how many; 0: until it is stopped', default: '0' },
  ),
  quiet: flagSetting({ description: 'no line for each purchase' }),
  partitions,
  'replication-factor': replicationFactor,
};
