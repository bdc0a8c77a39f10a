import type { StoredTransaction } from './transaction.ts';

/** What the transactions write to the state journal. The last record of a transactional id counts. */
export type TransactionChange =
  | { readonly kind: 'transaction'; readonly transaction: StoredTransaction }
  | { readonly kind: 'transaction-deleted'; readonly transactionalId: string };
