import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaContractCluster } from '@chat-cluster/log-kafka/contract-cluster';
import { describeLogContract } from '@chat-cluster/log/contract';
import { startServices } from '../../tools/services/start-services.ts';

const KAFKA_PORT = 19_220;

describeLogContract({
  name: 'log-kafka on Apache Kafka',
  canBreakConnections: true,
  open: async () => {
    const dir = await mkdtemp(join(tmpdir(), 'log-kafka-'));
    const services = await startServices({ dir, cassandra: 0, kafkaPort: KAFKA_PORT });
    return new KafkaContractCluster(KAFKA_PORT, async () => {
      await services.stop();
      await rm(dir, { recursive: true });
    });
  },
});
