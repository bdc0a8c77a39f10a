import {
  type Address,
  type Configuration,
  endpointSetting,
  flagSetting,
  optional,
  partitionsSetting,
  portSetting,
  readConfiguration,
  type SettingSources,
  textSetting,
} from '@chat-cluster/app-chat-node/settings';
import type { FlushPolicy, Users } from '@chat-cluster/broker';
import { readSecurity, type Security, securitySettings } from './security-settings.ts';

/** What a broker that runs by itself is told. */
export type BrokerSettings = {
  /** Where everything is kept; undefined: in memory, gone when it stops. */
  readonly dataDir: string | undefined;
  /** Where it listens. */
  readonly listen: Address;
  /** What clients are told to connect to; undefined: where it listens. */
  readonly advertised: Address | undefined;
  /** Of topics that are created without a number. */
  readonly partitionCount: number;
  readonly autoCreateTopics: boolean;
  /** When what was written is synced to the disk. */
  readonly flush: FlushPolicy;
  /** Where /metrics is, on loopback; undefined: nowhere. */
  readonly metricsPort: number | undefined;
  /** How clients say who they are. */
  readonly security: Security;
  readonly users: Users;
};

/** Reads the settings from arguments, the environment and a file. Pure but for `readFile`. */
export function readBrokerConfiguration(sources: SettingSources): Configuration<BrokerSettings> {
  return readConfiguration(SETTINGS, sources, (values) => {
    const security = readSecurity(values, values.listen, sources);
    if (security.kind === 'problem') return security;
    return {
      kind: 'settings',
      settings: {
        dataDir: values['in-memory'] ? undefined : values['data-dir'],
        listen: values.listen,
        advertised: values.advertise.value,
        partitionCount: values.partitions,
        autoCreateTopics: !values['no-auto-create'],
        flush: values.flush,
        metricsPort: values['metrics-port'].value,
        security: security.listener,
        users: security.users,
      },
    };
  });
}

/** As long as a name in DNS may be, and a port. */
const ADDRESS_LENGTH_MAX = 260;
const PARTITION_COUNT_MAX = 10_000;

const FLUSH_INTERVAL_MS_MAX = 60_000;

const SETTINGS = {
  'data-dir': textSetting({
    value: 'DIR',
    description: 'where everything is kept',
    mustBe: 'a folder',
    default: './data/broker',
  }),
  'in-memory': flagSetting({
    description: 'keep nothing: all is gone when it stops; --data-dir is not used',
  }),
  listen: endpointSetting(
    { description: 'for Kafka clients', default: '127.0.0.1:9092' },
    { lengthMax: ADDRESS_LENGTH_MAX },
  ),
  advertise: optional(
    endpointSetting(
      { description: 'what clients are told to connect to, if that is not where it listens' },
      { lengthMax: ADDRESS_LENGTH_MAX },
    ),
  ),
  partitions: partitionsSetting({ countDefault: 1, countMax: PARTITION_COUNT_MAX }),
  'no-auto-create': flagSetting({
    description: 'a topic that a client asks for is not created',
  }),
  flush: {
    value: 'group|os|MS',
    description:
      'sync before it is acknowledged; when the system does; or within so many milliseconds',
    default: 'group',
    mustBe: `group, os, or milliseconds from 1 to ${FLUSH_INTERVAL_MS_MAX}`,
    read: readFlushPolicy,
  },
  'metrics-port': optional(
    portSetting({ description: 'on 127.0.0.1, for Prometheus: GET /metrics; none if not given' }),
  ),
  ...securitySettings,
};

function readFlushPolicy(text: string): FlushPolicy | undefined {
  if (text === 'group' || text === 'os') return text;
  const intervalMs = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  const isInRange = intervalMs >= 1 && intervalMs <= FLUSH_INTERVAL_MS_MAX;
  return isInRange ? { intervalMs } : undefined;
}
