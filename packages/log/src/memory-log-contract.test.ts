import { openMemoryCluster } from './contract/memory-cluster.ts';
import { describeLogContract } from './log-contract.ts';

describeLogContract({
  name: 'MemoryLog',
  open: () => Promise.resolve(openMemoryCluster()),
});
