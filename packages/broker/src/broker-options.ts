/** What a broker can be told. Everything has a default. */
export type BrokerLimits = {
  /** `num.partitions`: of topics that are created without a number, or by being asked for. Default 1. */
  readonly partitionsDefault: number;
  /** `auto.create.topics.enable`: whether asking for a topic creates it. Default true. */
  readonly autoCreateTopics: boolean;
  /** `socket.request.max.bytes`. Default 100 MiB. */
  readonly frameBytesMax: number;
  /** How long the hand-shake of TLS may take, and then authenticating. Default 30 s. */
  readonly authenticationMs: number;
  /** Bytes of requests of all connections in work at a time. Default 128 MiB. */
  readonly bytesInWorkMax: number;
  /** Default 10,000. */
  readonly connectionsMax: number;
  /** `fetch.max.bytes`: the most that one fetch answers, but for its first batch. Default 55 MiB. */
  readonly fetchBytesMax: number;
  /** `log.retention.check.interval.ms`. Default 5 minutes. */
  readonly retentionCheckMs: number;
  /** `log.cleaner.backoff.ms`: how often to look for something to compact when there was nothing. Default 15 s. */
  readonly cleanerBackoffMs: number;
  /** `log.cleaner.dedupe.buffer.size`: the memory for the keys of one compaction, 24 bytes each. Default 32 MiB. */
  readonly cleanerDedupeBytesMax: number;
};

export const BROKER_DEFAULTS: BrokerLimits = {
  partitionsDefault: 1,
  autoCreateTopics: true,
  frameBytesMax: 100 * 1024 * 1024,
  authenticationMs: 30_000,
  bytesInWorkMax: 128 * 1024 * 1024,
  connectionsMax: 10_000,
  fetchBytesMax: 55 * 1024 * 1024,
  retentionCheckMs: 5 * 60 * 1000,
  cleanerBackoffMs: 15_000,
  cleanerDedupeBytesMax: 32 * 1024 * 1024,
};
