import { isTransactionStateName } from '../transactions/transaction-state.ts';
/**
 * ListTransactions, versions 0 to 2; filters by state, producer id, age (v1) and a pattern of the id (v2).
 *
 * The pattern is a JavaScript regular expression that must match the whole id; Kafka's is RE2/J, which is the same but for rare syntax.
 */
import { ErrorCode } from '../wire/error-codes.ts';
import { listTransactions } from '../wire/messages/66-list-transactions.ts';
import { on } from './handler.ts';

export const listTransactionsHandler = on(listTransactions, (request, { broker }) => {
  const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = request;
  const pattern = idPattern(transactionalIdPattern);
  if (pattern === 'invalid') {
    return { errorCode: ErrorCode.INVALID_REQUEST, unknownStateFilters: [], transactionStates: [] };
  }
  const nowMs = broker.clock.wallMs();
  const listed = [...broker.transactions.all()].filter(
    ({ transactionalId, state, producer, startedAtMs }) =>
      (stateFilters.length === 0 || stateFilters.includes(state)) &&
      (producerIdFilters.length === 0 || producerIdFilters.includes(producer.producerId)) &&
      (durationFilter < 0 || nowMs - startedAtMs > durationFilter) &&
      (pattern?.test(transactionalId) ?? true),
  );
  return {
    errorCode: ErrorCode.NONE,
    unknownStateFilters: stateFilters.filter((name) => !isTransactionStateName(name)),
    transactionStates: listed.map(({ transactionalId, state, producer }) => ({
      transactionalId,
      producerId: producer.producerId,
      transactionState: state,
    })),
  };
});

function idPattern(source: string | null): RegExp | 'invalid' | null {
  if (source === null || source === '') return null;
  try {
    return new RegExp(`^(?:${source})$`, 'u');
  } catch {
    return 'invalid';
  }
}
