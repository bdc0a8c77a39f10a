import { sleep, systemClock, systemTimers } from '@chat-cluster/kernel';
import { refusalOf } from '../memory-broker-error.ts';
import { MemoryBroker, type MemoryBrokerOptions } from '../memory-broker.ts';
import { MemoryLog } from '../memory-log.ts';
import type { TopicPartition } from '../record.ts';
import type { HeldTransaction, LogContractCluster } from './contract-cluster.ts';

/** A memory broker in real time, for the contract's tests. */
export function openMemoryCluster(options: Partial<MemoryBrokerOptions> = {}): LogContractCluster {
  const broker = new MemoryBroker({ clock: systemClock, timers: systemTimers, ...options });
  let logCount = 0;
  return {
    sessionTimeoutMsMin: 300,
    transactionalIdsOf: (transactionalId) => [transactionalId],
    breakConnections: (log) => (log as MemoryLog).breakConnections(),
    openLog: () => {
      logCount += 1;
      return new MemoryLog({ broker, clientName: `process-${logCount}` });
    },
    deleteTopic: (topic) => Promise.resolve(broker.deleteTopic(topic)),
    deleteRecords: (at) => Promise.resolve(broker.deleteRecords(at)),
    holdTransaction: (held) => Promise.resolve(holdTransaction(broker, held)),
    close: () => Promise.resolve(),
  };
}

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
      const end = (): void => broker.transactions.end(transactionalId, identity, direction);
      end();
      await untilMarkersAreWritten(end);
    },
  };
}

/** Asking for the same end again is refused until then. */
async function untilMarkersAreWritten(end: () => void): Promise<void> {
  for (;;) {
    try {
      end();
      return;
    } catch (error) {
      if (refusalOf(error) !== 'CONCURRENT_TRANSACTIONS') throw error;
    }
    await sleep(systemTimers, 1);
  }
}
