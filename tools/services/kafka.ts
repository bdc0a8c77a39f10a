import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { flagsOfMany } from './java.ts';
import { kafkaLogging, kafkaProperties } from './kafka-config.ts';
import { kafkaBrokerCount } from './kafka-probe.ts';
import type { ServerDefinition } from './server-group.ts';

const run = promisify(execFile);

/**
 * Apache Kafka as processes that are broker and controller in one. Broker i (from 0) listens for clients
 * on `port + 2i` of 127.0.0.1 and for the other controllers on the port after that.
 *
 * @param clusterId 16 random bytes in base64url; the same for all brokers and for all starts of a folder.
 */
export function kafkaServers(options: {
  nodeCount: number;
  port: number;
  clusterId: string;
  java: string;
  jarsFolder: string;
}): ServerDefinition {
  const { nodeCount, port } = options;
  const classPath = join(options.jarsFolder, '*');
  return {
    name: 'kafka',
    nodeCount,
    startsTogether: true,
    stopGraceMs: 15_000,
    listeners: (index) => [
      { address: kafkaAddress(port, index), forWhat: `Kafka (--kafka-port ${port})` },
      {
        address: { host: '127.0.0.1', port: port + 2 * index + 1 },
        forWhat: `Kafka's controller (--kafka-port ${port}, one above each broker's)`,
      },
    ],
    prepare: async ({ index, folder }) => {
      const properties = kafkaProperties({ index, nodeCount, port, dataFolder: dataIn(folder) });
      await mkdir(folder, { recursive: true });
      await writeFile(propertiesIn(folder), properties);
      await writeFile(loggingIn(folder), kafkaLogging);
      if (existsSync(join(dataIn(folder), 'meta.properties'))) return;
      const format = ['-cp', classPath, loggingFlag(folder), 'kafka.tools.StorageTool', 'format'];
      await run(options.java, [...format, '-t', options.clusterId, '-c', propertiesIn(folder)]);
    },
    javaArgs: ({ folder }) => [
      ...['-Xms256m', '-Xmx512m', '-XX:+ExitOnOutOfMemoryError'],
      ...(nodeCount === 1 ? [] : flagsOfMany),
      ...[loggingFlag(folder), '-cp', classPath, 'kafka.Kafka', propertiesIn(folder)],
    ],
    isReady: async ({ index, wholeGroup }) => {
      const brokers = await kafkaBrokerCount(kafkaAddress(port, index));
      return brokers >= (wholeGroup ? nodeCount : 1);
    },
  };
}

/** Where broker `index` (from 0) listens for clients. */
export function kafkaAddress(port: number, index: number): { host: string; port: number } {
  return { host: '127.0.0.1', port: port + 2 * index };
}

function dataIn(folder: string): string {
  return join(folder, 'data');
}

function propertiesIn(folder: string): string {
  return join(folder, 'server.properties');
}

function loggingIn(folder: string): string {
  return join(folder, 'log4j2.properties');
}

function loggingFlag(folder: string): string {
  return `-Dlog4j2.configurationFile=${loggingIn(folder)}`;
}
