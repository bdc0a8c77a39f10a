import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBrokerThread } from '@chat-cluster/broker/thread';
import { startServices } from '../../tools/services/start-services.ts';

/** What nodes run on: a Kafka, and journals. What is written there is deleted in the end. */
export type Backend = AsyncDisposable & {
  readonly kafkaPort: number;
  /** The journal of this name, as `--journal` takes it. */
  journal(name: string): string;
};

/** The embedded broker, and LMDB. */
export async function startEmbeddedBackend(): Promise<Backend> {
  const dir = mkdtempSync(join(tmpdir(), 'backend-'));
  const broker = await startBrokerThread({ dataDir: join(dir, 'broker') });
  return {
    kafkaPort: broker.port,
    journal: (name) => `lmdb:${join(dir, name)}`,
    [Symbol.asyncDispose]: async () => {
      await broker.close();
      rmSync(dir, { recursive: true });
    },
  };
}

/** Apache Kafka, and Apache Cassandra. */
export async function startRealBackend(ports: {
  readonly kafkaPort: number;
  readonly cassandraPort: number;
}): Promise<Backend> {
  const dir = mkdtempSync(join(tmpdir(), 'backend-'));
  const services = await startServices({ dir, ...ports });
  return {
    kafkaPort: ports.kafkaPort,
    journal: (name) => `cassandra:127.0.0.1:${ports.cassandraPort}/${name}`,
    [Symbol.asyncDispose]: async () => {
      await services.stop();
      rmSync(dir, { recursive: true });
    },
  };
}
