/**
 * The server.properties of one broker. Everything not named here is Kafka's default; in particular
 * `transaction.partition.verification.enable` (on) and `group.min.session.timeout.ms` (6,000).
 */
export function kafkaProperties(options: {
  index: number;
  nodeCount: number;
  port: number;
  dataFolder: string;
}): string {
  const { index, nodeCount, port } = options;
  const replicas = Math.min(3, nodeCount);
  const inSyncMin = nodeCount === 1 ? 1 : 2;
  const brokerPort = port + 2 * index;
  const voters = Array.from(
    { length: nodeCount },
    (_, i) => `${i + 1}@127.0.0.1:${port + 2 * i + 1}`,
  );
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': index + 1,
    'controller.quorum.voters': voters.join(','),
    listeners: `PLAINTEXT://127.0.0.1:${brokerPort},CONTROLLER://127.0.0.1:${brokerPort + 1}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${brokerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': options.dataFolder,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSyncMin,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 12,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSyncMin,
    'transaction.state.log.num.partitions': 12,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSyncMin,
    // A topic with a misspelled name should be an error, as it is in production.
    'auto.create.topics.enable': false,
    // A test's group should not wait 3 s for members that will not come.
    'group.initial.rebalance.delay.ms': 0,
    ...(nodeCount > 1 && DEAD_SOON),
    // The default is 128 MiB of a heap of 512 MiB; few keys are compacted here.
    'log.cleaner.dedupe.buffer.size': 8 * 1024 * 1024,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/**
 * A broker that was killed leads on until the controllers miss its heartbeats: after 9 s by default, in which its partitions
 * stand still. If it was the active controller, another one is elected before it begins to count. As docs/operating.md
 * recommends.
 */
const DEAD_SOON = {
  'broker.session.timeout.ms': 3_000,
  'broker.heartbeat.interval.ms': 500,
  'controller.quorum.fetch.timeout.ms': 1_000,
  'controller.quorum.election.timeout.ms': 500,
  'controller.quorum.election.backoff.max.ms': 500,
};

/** One readable line an event on the standard output, which is the server's log file. */
export const kafkaLogging = `rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1} %m%n
logger.config.name = org.apache.kafka.common.config.AbstractConfig
logger.config.level = WARN
logger.kafkaConfig.name = kafka.server.KafkaConfig
logger.kafkaConfig.level = WARN
`;
