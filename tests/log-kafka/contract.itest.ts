import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBrokerThread } from '@chat-cluster/broker';
import { describeLogContract } from '@chat-cluster/log/contract';
import { KafkaContractCluster } from './kafka-contract-cluster.ts';

describeLogContract({
  name: 'log-kafka on the embedded broker',
  canBreakConnections: true,
  open: async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'log-kafka-'));
    const broker = await startBrokerThread({ dataDir });
    return new KafkaContractCluster(broker.port, async () => {
      await broker.close();
      await rm(dataDir, { recursive: true });
    });
  },
});
