import { seededRandom } from '@chat-cluster/kernel';
import { openMemoryCluster } from './contract/memory-cluster.ts';
import { describeLogContract } from './log-contract.ts';

const random = seededRandom(1);

describeLogContract({
  name: 'MemoryLog, with delays everywhere,',
  canBreakConnections: true,
  open: () =>
    Promise.resolve(
      openMemoryCluster({
        network: { hopDelayMs: () => random.below(3) },
        markerDelayMs: () => random.below(5),
        initialRebalanceDelayMs: 5,
      }),
    ),
});
