import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cassandraFlags,
  cassandraLogging,
  type CassandraSecurity,
  cassandraYaml,
  type CommitlogSync,
} from './cassandra-config.ts';
import { cassandraAnswers, cassandraLetsIn } from './cassandra-probe.ts';
import type { ServerDefinition } from './server-group.ts';

/**
 * Apache Cassandra, one process a node. Node i (from 0) has the address 127.0.0.(i+1); all listen for
 * clients on `port` and for each other on the port after that. The first node is the seed.
 */
export function cassandraServers(options: {
  nodeCount: number;
  port: number;
  jarsFolder: string;
  commitlogSync: CommitlogSync;
  security: CassandraSecurity | undefined;
}): ServerDefinition {
  const { commitlogSync, nodeCount, port, security } = options;
  const classPath = join(options.jarsFolder, '*');
  return {
    name: 'cassandra',
    nodeCount,
    startsTogether: false,
    stopGraceMs: 20_000,
    listeners: (index) => [
      {
        address: { host: cassandraHost(index), port },
        forWhat: `Cassandra (--cassandra-port ${port})`,
      },
      {
        address: { host: cassandraHost(index), port: port + 1 },
        forWhat: `Cassandra's node-to-node traffic (--cassandra-port ${port}, one above it)`,
      },
    ],
    prepare: async ({ index, folder }) => {
      const host = cassandraHost(index);
      await mkdir(folder, { recursive: true });
      const seed = cassandraHost(0);
      const yaml = cassandraYaml({ host, seed, port, folder, commitlogSync, security });
      await writeFile(join(folder, 'cassandra.yaml'), yaml);
      await writeFile(join(folder, 'logback.xml'), cassandraLogging);
    },
    javaArgs: ({ folder }) => [
      ...cassandraFlags(folder, nodeCount),
      ...['-cp', classPath, 'org.apache.cassandra.service.CassandraDaemon'],
    ],
    isReady: ({ index, wholeGroup }) => {
      const address = { host: cassandraHost(index), port };
      if (security !== undefined) return cassandraLetsIn(address, security);
      return cassandraAnswers(address, wholeGroup && nodeCount > 1 ? 'all-nodes' : 'this-node');
    },
  };
}

/** The address of node `index` (from 0). */
export function cassandraHost(index: number): string {
  return `127.0.0.${index + 1}`;
}
