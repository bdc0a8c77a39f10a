import { type Address, numberSetting, readAddresses, type Setting } from './setting.ts';

const WORKER_COUNT_MAX = 64;
export const REPLICATION_FACTOR_MAX = 9;

/** Of every program that talks to Kafka. */
export const brokersSetting: Setting<readonly Address[]> = {
  value: 'HOST:PORT,…',
  description: 'Kafka, some of its brokers; also CHATCLUSTER_BROKERS or KAFKA_BROKERS',
  default: '127.0.0.1:9092',
  variable: 'KAFKA_BROKERS',
  read: (text) => readAddresses(text),
  mustBe: 'HOST:PORT, several with commas between them',
};

export const workersSetting = numberSetting(
  { min: 1, max: WORKER_COUNT_MAX },
  { description: 'members of the group that this node has', default: '1' },
);

/** Of topics that are created. */
export function partitionsSetting({
  countDefault,
  countMax,
}: {
  readonly countDefault: number;
  readonly countMax: number;
}): Setting<number> {
  return numberSetting(
    { min: 1, max: countMax },
    { description: 'of topics that are created', default: String(countDefault) },
  );
}

/** Of what is created; 0 leaves it to the brokers. */
export function replicationFactorSetting(described: {
  readonly description: string;
}): Setting<number> {
  return numberSetting({ min: 0, max: REPLICATION_FACTOR_MAX }, { ...described, default: '0' });
}
