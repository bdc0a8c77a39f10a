import { join } from 'node:path';
import { flagsOfMany } from './java.ts';

/**
 * When an acknowledged write is on the disk. `group`: at once, and writes of 2 ms share a sync; what a request writes to several partitions
 * waits for one sync after the other, so a window of 10 ms would be 100 partitions a second and request. `periodic`: within 100 ms, at a third
 * of the cost; the journal waits for that itself.
 */
export type CommitlogSync = 'group' | 'periodic';

const commitlogSettings = {
  group: {
    commitlog_sync: 'group',
    commitlog_sync_group_window: '2ms',
    // Direct where the file system can: half the CPU of a sync.
    commitlog_disk_access_mode: 'auto',
    concurrent_writes: 128,
  },
  periodic: { commitlog_sync: 'periodic', commitlog_sync_period: '100ms' },
} as const;

/** Who gets in: who uses TLS, shows a certificate that the authority signed, and knows the password. */
export type CassandraSecurity = {
  /** PEM: the authority's certificate, and a node's with its key, which must name 127.0.0.1. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Made when the first node is ready, with a keyspace, and rights on that alone. */
  readonly user: string;
  readonly password: string;
  readonly keyspace: string;
};

/** Inline, so that nothing is made by `keytool`. */
function securitySettings({ ca, cert, key }: CassandraSecurity) {
  return {
    authenticator: 'PasswordAuthenticator',
    authorizer: 'CassandraAuthorizer',
    client_encryption_options: {
      enabled: true,
      require_client_auth: true,
      ssl_context_factory: {
        class_name: 'org.apache.cassandra.security.PEMBasedSslContextFactory',
        parameters: { private_key: key + cert, trusted_certificates: ca },
      },
    },
  };
}

/**
 * The cassandra.yaml of one node. What is not named is Cassandra's default, its limits on the size of a
 * batch included, so that what passes here passes elsewhere.
 */
export function cassandraYaml(options: {
  host: string;
  seed: string;
  port: number;
  folder: string;
  commitlogSync: CommitlogSync;
  security: CassandraSecurity | undefined;
}): string {
  // JSON is YAML, so the whole file is written as one JSON object.
  const settings = {
    cluster_name: 'chat cluster services',
    num_tokens: 16,
    partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
    // Nodes that join an empty cluster have nothing to stream, and need not wait for each other's rings.
    auto_bootstrap: false,
    ...commitlogSettings[options.commitlogSync],
    ...(options.security && securitySettings(options.security)),
    // Our batches are meant to be large: a warning for each would cost more than its rows. Above 50 KiB they still fail.
    batch_size_warn_threshold: '50KiB',
    commitlog_total_space: '512MiB',
    commitlog_directory: join(options.folder, 'commitlog'),
    data_file_directories: [join(options.folder, 'data')],
    saved_caches_directory: join(options.folder, 'saved_caches'),
    hints_directory: join(options.folder, 'hints'),
    cdc_raw_directory: join(options.folder, 'cdc_raw'),
    seed_provider: [
      {
        class_name: 'org.apache.cassandra.locator.SimpleSeedProvider',
        parameters: [{ seeds: `${options.seed}:${options.port + 1}` }],
      },
    ],
    listen_address: options.host,
    storage_port: options.port + 1,
    rpc_address: options.host,
    native_transport_port: options.port,
    endpoint_snitch: 'SimpleSnitch',
    // Tests drop and truncate tables often; a snapshot of each would fill the disk.
    auto_snapshot: false,
    // Small memory: a heap of 1 GiB of which a quarter may be memtables, and small caches beside it.
    memtable_heap_space: '256MiB',
    memtable_offheap_space: '64MiB',
    file_cache_size: '64MiB',
    networking_cache_size: '32MiB',
    key_cache_size: '16MiB',
    counter_cache_size: '0MiB',
    concurrent_compactors: 1,
    concurrent_reads: 16,
  };
  return `${JSON.stringify(settings, undefined, 2)}\n`;
}

/** One readable line an event on the standard output, which is the server's log file. */
export const cassandraLogging = `<configuration>
  <appender name="console" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{HH:mm:ss.SSS} %-5level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <logger name="org.apache.cassandra.config.Config" level="WARN"/>
  <root level="INFO"><appender-ref ref="console"/></root>
</configuration>
`;

/** The flags of the Java process: memory, a start that waits for nobody, and what Java 17 must open. */
export function cassandraFlags(folder: string, nodeCount: number): string[] {
  const properties = {
    'cassandra.config': `file://${join(folder, 'cassandra.yaml')}`,
    'cassandra.storagedir': folder,
    'cassandra.logdir': folder,
    'logback.configurationFile': join(folder, 'logback.xml'),
    'cassandra-foreground': 'yes',
    'cassandra.superuser_setup_delay_ms': 0,
    'cassandra.skip_wait_for_gossip_to_settle': 0,
    'cassandra.ring_delay_ms': 100,
    'jdk.attach.allowAttachSelf': true,
  };
  return [
    ...(nodeCount === 1 ? ['-Xms1g', '-Xmx1g'] : ['-Xms256m', '-Xmx640m', ...flagsOfMany]),
    ...['-XX:MaxDirectMemorySize=512m', '-XX:+ExitOnOutOfMemoryError'],
    ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
    ...exports.map((name) => `--add-exports=${name}=ALL-UNNAMED`),
    ...opens.map((name) => `--add-opens=${name}=ALL-UNNAMED`),
  ];
}

const exports = [
  'java.base/jdk.internal.misc',
  'java.base/jdk.internal.ref',
  'java.base/sun.nio.ch',
  'java.management.rmi/com.sun.jmx.remote.internal.rmi',
  'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server',
  'java.sql/java.sql',
  'java.base/java.lang.ref',
  'java.base/java.lang.reflect',
  'jdk.unsupported/sun.misc',
];

const opens = [
  'java.base/java.lang',
  'java.base/java.lang.ref',
  'java.base/java.lang.reflect',
  'java.base/java.lang.module',
  'java.base/java.io',
  'java.base/java.net',
  'java.base/java.nio',
  'java.base/java.util',
  'java.base/java.util.concurrent',
  'java.base/java.util.concurrent.atomic',
  'java.base/sun.nio.ch',
  'java.base/jdk.internal.loader',
  'java.base/jdk.internal.ref',
  'java.base/jdk.internal.reflect',
  'java.base/jdk.internal.math',
  'java.base/jdk.internal.module',
  'java.base/jdk.internal.util.jar',
  'jdk.management/com.sun.management.internal',
];
