import {
  type Address,
  numberSetting,
  readAddresses,
  type Setting,
} from '@chat-cluster/app-chat-node/settings';
import { PURCHASES_PARTITION_COUNT_DEFAULT } from '@chat-cluster/contract/purchases';

const PARTITION_COUNT_MAX = 1_024;
const REPLICATION_FACTOR_MAX = 9;

/** Settings of every program that talks to Kafka. */
export const brokers: Setting<readonly Address[]> = {
  value: 'HOST:PORT,…',
  description: 'Kafka, some of its brokers; also KAFKA_BROKERS',
  default: '127.0.0.1:9092',
  variable: 'KAFKA_BROKERS',
  read: (text) => readAddresses(text),
  mustBe: 'HOST:PORT, several with commas between them',
};

export const partitions = numberSetting(
  { min: 1, max: PARTITION_COUNT_MAX },
  {
    description: 'of topics that are created',
    default: String(PURCHASES_PARTITION_COUNT_DEFAULT),
  },
);

export const replicationFactor = numberSetting(
  { min: 0, max: REPLICATION_FACTOR_MAX },
  { description: "of topics that are created; 0: the brokers' default", default: '0' },
);
