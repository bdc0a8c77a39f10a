import { assert } from '@chat-cluster/kernel';

/** Where a transaction is, by Kafka's names. `docs/transactions.md` has the table of states and requests. */
export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort';

/** How a transaction ends. */
export type TransactionOutcome = 'commit' | 'abort';

/** Where each state may lead. Ongoing to Ongoing adds partitions; Empty to Empty is a new epoch. */
const TRANSACTION_TRANSITIONS: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  Empty: ['Empty', 'Ongoing'],
  Ongoing: ['Ongoing', 'PrepareCommit', 'PrepareAbort'],
  PrepareCommit: ['CompleteCommit'],
  PrepareAbort: ['CompleteAbort'],
  CompleteCommit: ['Empty', 'Ongoing'],
  CompleteAbort: ['Empty', 'Ongoing'],
};

/** Names that ListTransactions may filter by, and that this broker's transactions never have. */
const FOREIGN_STATES: readonly string[] = ['Dead', 'PrepareEpochFence'];

/** Whether Kafka has a transaction state of this name. */
export function isTransactionStateName(name: string): boolean {
  return name in TRANSACTION_TRANSITIONS || FOREIGN_STATES.includes(name);
}

/** Asserts that the table allows this step. */
export function assertTransition(from: TransactionState, to: TransactionState): void {
  assert(
    TRANSACTION_TRANSITIONS[from].includes(to),
    'A transaction changes state as its table allows.',
  );
}
