import { systemClock, systemTimers } from '@chat-cluster/kernel';
import { describeLogContract, type HeldTransaction } from './log-contract.ts';
import { MemoryBroker } from './memory-broker.ts';
import { MemoryLog } from './memory-log.ts';
import type { TopicPartition } from './record.ts';

describeLogContract({
  name: 'MemoryLog',
  open: () => {
    const broker = new MemoryBroker({ clock: systemClock, timers: systemTimers });
    let logCount = 0;
    return Promise.resolve({
      sessionTimeoutMsMin: 300,
      openLog: () => {
        logCount += 1;
        return new MemoryLog({ broker, clientName: `process-${logCount}` });
      },
      deleteTopic: (topic) => Promise.resolve(broker.deleteTopic(topic)),
      deleteRecords: (at) => Promise.resolve(broker.deleteRecords(at)),
      holdTransaction: (options) => Promise.resolve(holdTransaction(broker, options)),
      close: () => Promise.resolve(),
    });
  },
});

function holdTransaction(
  broker: MemoryBroker,
  {
    transactionalId,
    transactionTimeoutMs,
  }: { transactionalId: string; transactionTimeoutMs: number },
): HeldTransaction {
  const identity = broker.transactions.initProducerId({
    transactionalId,
    timeoutMs: transactionTimeoutMs,
  });
  const sequences = new Map<string, number>();
  const nextSequence = ({ topic, partition }: TopicPartition, count: number): number => {
    const key = `${topic}/${partition}`;
    const baseSequence = sequences.get(key) ?? 0;
    sequences.set(key, baseSequence + count);
    return baseSequence;
  };
  return {
    async write(to, records) {
      broker.addPartitions(transactionalId, identity, [to]);
      const stamp = { ...identity, baseSequence: nextSequence(to, records.length) };
      return broker.produce({ to, records, stamp, transactionalId });
    },
    async stageOffsets({ groupId, generation, offsets }) {
      broker.addOffsets(transactionalId, identity, groupId);
      broker.stageOffsets({ transactionalId, identity, groupId, generation, offsets });
    },
    async end(direction) {
      broker.transactions.end(transactionalId, identity, direction);
    },
  };
}
