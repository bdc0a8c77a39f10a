import { resolve } from 'node:path';
import type { LocalSettings } from './configuration.ts';

const KAFKA_PORT_DEFAULT = 9092;

/** What is printed when everything is up: what listens where, where the data is, and three commands to try next. */
export function summary(settings: LocalSettings): string {
  const { kafkaPort, httpPort, managementPort, dataDir } = settings;
  const brokers = kafkaPort === KAFKA_PORT_DEFAULT ? '' : ` --brokers 127.0.0.1:${kafkaPort}`;
  return `
Chat Cluster is running: a broker, a journal and one chat node, in this process.

  Kafka clients   127.0.0.1:${kafkaPort}
  Web page        http://127.0.0.1:${httpPort}
  Management      http://127.0.0.1:${managementPort}/ready
  Data            ${resolve(dataDir)}

Try, in another terminal:

  npx chatcluster chat send abc123 --from bob --to ann "Hi there!"${brokers}
  npx chatcluster chat latest abc123 -n 100${brokers}
  npx chatcluster chat tail${brokers}

Ctrl-C stops it; everything is kept.
`;
}
