/** DescribeTransactions, version 0. */
import { ErrorCode } from '../wire/error-codes.ts';
import { describeTransactions } from '../wire/messages/65-describe-transactions.ts';
import { on } from './handler.ts';

export const describeTransactionsHandler = on(
  describeTransactions,
  ({ transactionalIds }, { broker }) => ({
    transactionStates: transactionalIds.map((transactionalId) => {
      const transaction = broker.transactions.get(transactionalId);
      if (transaction === undefined) return unknownTransaction(transactionalId);
      return {
        errorCode: ErrorCode.NONE,
        transactionalId,
        transactionState: transaction.state,
        transactionTimeoutMs: transaction.timeoutMs,
        transactionStartTimeMs: transaction.startedAtMs,
        producerId: transaction.producer.producerId,
        producerEpoch: transaction.producer.producerEpoch,
        topics: broker.transactions.topicsOf(transaction),
      };
    }),
  }),
);

function unknownTransaction(transactionalId: string) {
  return {
    errorCode: ErrorCode.TRANSACTIONAL_ID_NOT_FOUND,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  };
}
