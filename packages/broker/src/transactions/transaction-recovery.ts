import type { Clock } from '@chat-cluster/kernel';
import type { TransactionEnding } from './transaction-ending.ts';
import type { PartitionId, TransactionPartitions } from './transaction-partitions.ts';
import type { TransactionRegistry } from './transaction-registry.ts';
import { NO_PRODUCER, type ProducerIdentity, type Transaction } from './transaction.ts';

type Recovery = {
  readonly registry: TransactionRegistry;
  readonly ending: TransactionEnding;
  readonly partitions: TransactionPartitions;
  readonly clock: Clock;
};

/**
 * Carries out what was decided before the restart, and ends what nobody knows of; see "Why a restart
 * is right" in `docs/transactions.md`. What cannot be written now is tried again later.
 */
export async function recoverTransactions(of: Recovery): Promise<void> {
  const { registry, ending, partitions, clock } = of;
  const decided = [...registry.all()].filter((transaction) => transaction.decided);
  await Promise.all(decided.map((transaction) => ending.resume(transaction)));
  const fenced = new Set<Transaction>();
  for (const orphan of [...partitions.openTransactions()]) {
    const transaction = registry.ofProducer(orphan.producerId);
    if (transaction && isKnown(transaction, orphan)) continue;
    // Its producer may believe in batches that are taken away now.
    if (transaction && !fenced.has(transaction)) await fence(of, transaction);
    if (transaction) fenced.add(transaction);
    const producer = transaction?.producer ?? orphan;
    const marker = { ...producer, outcome: 'abort', timestampMs: clock.wallMs() } as const;
    await partitions.endTransaction(orphan, marker);
  }
}

/** Whether the journal has this transaction too, open or about to end. */
function isKnown(transaction: Transaction, open: PartitionId & ProducerIdentity): boolean {
  if (transaction.decided) return true;
  return (
    transaction.state === 'Ongoing' &&
    transaction.producer.producerEpoch === open.producerEpoch &&
    transaction.hasPartition(open.topicId, open.partition)
  );
}

async function fence({ registry, ending, clock }: Recovery, transaction: Transaction) {
  if (transaction.state === 'Ongoing') await ending.abortAndFence(transaction, NO_PRODUCER);
  else await registry.fence(transaction, clock.wallMs());
}
