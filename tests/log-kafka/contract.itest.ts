import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBrokerThread } from '@chat-cluster/broker';
import { KafkaContractCluster } from '@chat-cluster/log-kafka/contract-cluster';
import { describeLogContract } from '@chat-cluster/log/contract';

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
