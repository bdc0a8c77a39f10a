import {
  ConfigType,
  listOf,
  refuseConfigValue,
  type ConfigDefinition,
} from './config-definition.ts';

const { BOOLEAN, STRING, INT, LONG, DOUBLE, LIST } = ConfigType;
const LONG_MAX = '9223372036854775807';
const NOT_USED = 'Accepted so that tools work; this broker does not act on it.';

/**
 * Every configuration that a topic of Kafka 4.1 has, with Kafka's defaults. `segment.bytes` has a smaller one: an
 * unclean start may have to scan the active segment.
 */
export const TOPIC_CONFIGS: readonly ConfigDefinition[] = [
  define('cleanup.policy', LIST, 'delete', {
    allowed: ['delete', 'compact'],
    documentation:
      'delete: old segments are deleted; compact: of each key, the last record is kept.',
  }),
  define('compression.gzip.level', INT, '-1'),
  define('compression.lz4.level', INT, '9'),
  define('compression.type', STRING, 'producer', {
    allowed: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    documentation: 'Batches are always kept as the producer sent them.',
  }),
  define('compression.zstd.level', INT, '3'),
  define('delete.retention.ms', LONG, '86400000', {
    min: 0,
    documentation:
      'How long a tombstone stays in a compacted topic when nothing is left that it deletes.',
  }),
  define('file.delete.delay.ms', LONG, '60000', { min: 0 }),
  define('flush.messages', LONG, LONG_MAX, {
    min: 1,
    documentation: 'Every batch is durable before it is acknowledged.',
  }),
  define('flush.ms', LONG, LONG_MAX, { min: 0 }),
  define('follower.replication.throttled.replicas', LIST, ''),
  define('index.interval.bytes', INT, '4096', { min: 0 }),
  define('leader.replication.throttled.replicas', LIST, ''),
  define('local.retention.bytes', LONG, '-2', { min: -2 }),
  define('local.retention.ms', LONG, '-2', { min: -2 }),
  define('max.compaction.lag.ms', LONG, LONG_MAX, {
    min: 1,
    documentation:
      'The age of a record at which its segment is compacted, however few records are superseded.',
  }),
  define('max.message.bytes', INT, '1048588', {
    min: 0,
    documentation: 'The largest record batch that is accepted.',
  }),
  define('message.timestamp.after.max.ms', LONG, '3600000', {
    min: 0,
    documentation: 'How far a record time may lie ahead of the clock of the broker (CreateTime).',
  }),
  define('message.timestamp.before.max.ms', LONG, LONG_MAX, { min: 0 }),
  define('message.timestamp.type', STRING, 'CreateTime', {
    allowed: ['CreateTime', 'LogAppendTime'],
    documentation: 'Whether records keep the time of their producer or get the time of the broker.',
  }),
  define('min.cleanable.dirty.ratio', DOUBLE, '0.5', {
    min: 0,
    max: 1,
    documentation:
      'A log is compacted when more than this part of its bytes has not been compacted before.',
  }),
  define('min.compaction.lag.ms', LONG, '0', {
    min: 0,
    documentation: 'Younger records are not compacted.',
  }),
  define('min.insync.replicas', INT, '1', { min: 1 }),
  define('preallocate', BOOLEAN, 'false'),
  define('remote.log.copy.disable', BOOLEAN, 'false'),
  define('remote.log.delete.on.disable', BOOLEAN, 'false'),
  define('remote.storage.enable', BOOLEAN, 'false'),
  define('retention.bytes', LONG, '-1', {
    min: -1,
    documentation: 'Old segments are deleted when a partition is larger; -1: no limit.',
  }),
  define('retention.ms', LONG, '604800000', {
    min: -1,
    documentation: 'Segments whose latest record is older are deleted; -1: never.',
  }),
  define('segment.bytes', INT, '134217728', {
    min: 14,
    documentation: 'The size at which the next segment is started.',
  }),
  define('segment.index.bytes', INT, '10485760', { min: 4 }),
  define('segment.jitter.ms', LONG, '0', { min: 0 }),
  define('segment.ms', LONG, '604800000', {
    min: 1,
    documentation: 'The age at which the next segment is started.',
  }),
  define('unclean.leader.election.enable', BOOLEAN, 'false'),
];

const definitions = new Map(TOPIC_CONFIGS.map((definition) => [definition.name, definition]));

/** What somebody has set, by name. What is not in here has its default. */
export type TopicOverrides = Readonly<Record<string, string>>;

/** The configurations that partitions act on, as numbers. */
export type TopicLimits = {
  readonly maxMessageBytes: number;
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  readonly timestampAfterMaxMs: number;
  readonly segmentBytesMax: number;
  readonly segmentMs: number;
  /** -1: no limit. */
  readonly retentionMs: number;
  /** -1: no limit. */
  readonly retentionBytes: number;
  /** Whether `cleanup.policy` has `delete`. */
  readonly isDeleted: boolean;
  /** Whether `cleanup.policy` has `compact`. */
  readonly isCompacted: boolean;
  readonly dirtyRatioMin: number;
  readonly deleteRetentionMs: number;
  readonly compactionLagMinMs: number;
  readonly compactionLagMaxMs: number;
};

export function topicLimits(overrides: TopicOverrides): TopicLimits {
  const valueOf = (name: string): string =>
    (overrides[name] ?? definitions.get(name)?.defaultValue ?? '').trim();
  const timestampType = valueOf('message.timestamp.type');
  const policies = listOf(valueOf('cleanup.policy'));
  const isCompacted = policies.includes('compact');
  const segmentMs = Number(valueOf('segment.ms'));
  const compactionLagMaxMs = Number(valueOf('max.compaction.lag.ms'));
  return {
    maxMessageBytes: Number(valueOf('max.message.bytes')),
    timestampType: timestampType === 'LogAppendTime' ? timestampType : 'CreateTime',
    timestampAfterMaxMs: Number(valueOf('message.timestamp.after.max.ms')),
    segmentBytesMax: Number(valueOf('segment.bytes')),
    // Only closed segments are compacted.
    segmentMs: isCompacted ? Math.min(segmentMs, compactionLagMaxMs) : segmentMs,
    retentionMs: Number(valueOf('retention.ms')),
    retentionBytes: Number(valueOf('retention.bytes')),
    isDeleted: policies.includes('delete'),
    isCompacted,
    dirtyRatioMin: Number(valueOf('min.cleanable.dirty.ratio')),
    deleteRetentionMs: Number(valueOf('delete.retention.ms')),
    compactionLagMinMs: Number(valueOf('min.compaction.lag.ms')),
    compactionLagMaxMs,
  };
}

/** Why these overrides are not allowed, as a sentence, or null when they are. */
export function refuseTopicOverrides(overrides: TopicOverrides): string | null {
  for (const [name, value] of Object.entries(overrides)) {
    const definition = definitions.get(name);
    if (definition === undefined) return `Unknown topic config name: ${name}`;
    const reason = refuseConfigValue(definition, value);
    if (reason !== null) return reason;
  }
  const { compactionLagMinMs, compactionLagMaxMs } = topicLimits(overrides);
  if (compactionLagMinMs <= compactionLagMaxMs) return null;
  return (
    `conflict topic config setting min.compaction.lag.ms (${compactionLagMinMs}) > ` +
    `max.compaction.lag.ms (${compactionLagMaxMs})`
  );
}

/** The definition of a topic's configuration, or undefined when Kafka has none of this name. */
export function topicConfigDefinition(name: string): ConfigDefinition | undefined {
  return definitions.get(name);
}

function define(
  name: string,
  type: ConfigType,
  defaultValue: string,
  rest: {
    min?: number;
    max?: number;
    allowed?: readonly string[];
    documentation?: string;
  } = {},
): ConfigDefinition {
  return { name, type, defaultValue, documentation: NOT_USED, ...rest };
}
