import type { BrokerLimits } from '../broker-options.ts';
import { ConfigType, type ConfigDefinition } from './config-definition.ts';
import { ConfigSource, type ConfigEntry } from './config-entries.ts';

/** What this broker was started with, under Kafka's names. All of it is read only. */
export function brokerConfigEntries(limits: BrokerLimits, nodeId: number): ConfigEntry[] {
  const { BOOLEAN, INT, LONG } = ConfigType;
  return [
    entry('node.id', INT, nodeId),
    entry('broker.id', INT, nodeId),
    entry('num.partitions', INT, limits.partitionsDefault),
    entry('default.replication.factor', INT, 1),
    entry('auto.create.topics.enable', BOOLEAN, limits.autoCreateTopics),
    entry('delete.topic.enable', BOOLEAN, true),
    entry('socket.request.max.bytes', INT, limits.frameBytesMax),
    entry('max.connections', INT, limits.connectionsMax),
    entry('fetch.max.bytes', INT, limits.fetchBytesMax),
    entry('log.retention.check.interval.ms', LONG, limits.retentionCheckMs),
    entry('log.cleaner.backoff.ms', LONG, limits.cleanerBackoffMs),
    entry('log.cleaner.dedupe.buffer.size', LONG, limits.cleanerDedupeBytesMax),
  ];
}

function entry(name: string, type: ConfigType, value: number | boolean): ConfigEntry {
  const definition: ConfigDefinition = {
    name,
    type,
    defaultValue: String(value),
    documentation: 'Set when the broker was started.',
  };
  return {
    name,
    value: String(value),
    readOnly: true,
    configSource: ConfigSource.STATIC_BROKER,
    isSensitive: false,
    definition,
  };
}
