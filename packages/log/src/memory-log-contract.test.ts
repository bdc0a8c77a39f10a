import { openMemoryCluster } from './contract/memory-cluster.ts';
import { describeLogContract } from './log-contract.ts';

describeLogContract({
  name: 'MemoryLog',
  canBreakConnections: true,
  open: () => Promise.resolve(openMemoryCluster()),
});
