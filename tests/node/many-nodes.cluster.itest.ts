import { after, before, describe } from 'node:test';
import { startRealBackend, type Backend } from './backend.ts';
import { describeExplain, type ExplainingNodes } from './explain-scenario.ts';
import { describeHandOver } from './hand-over-scenario.ts';
import { describeKill } from './kill-scenario.ts';
import { NodeCluster, PARTITION_COUNT } from './node-cluster.ts';
import { describePartitions } from './partitions-scenario.ts';
import { describeWorkerProcesses } from './worker-processes-scenario.ts';

const PORTS = { kafkaPort: 19_660, cassandraPort: 19_670 };
/** Its workers have the two ports after it. */
const ENDPOINT = '127.0.0.1:19680';

describe('on real Kafka and Cassandra', () => {
  let backend: Backend;

  before(async () => {
    backend = await startRealBackend(PORTS);
  });
  after(() => backend[Symbol.asyncDispose]());

  describe('nodes of one group', () => {
    let cluster: NodeCluster;
    let explaining: ExplainingNodes;

    before(async () => {
      cluster = await NodeCluster.start(backend);
      const { nodes } = cluster;
      explaining = { kafkaPort: backend.kafkaPort, partitionCount: PARTITION_COUNT, nodes };
    });
    after(() => cluster.stop());

    describeHandOver(() => cluster);
    describeExplain(() => explaining);
    describeKill(() => cluster);
  });
  describeWorkerProcesses(() => backend, ENDPOINT);
  describePartitions(() => backend);
});
