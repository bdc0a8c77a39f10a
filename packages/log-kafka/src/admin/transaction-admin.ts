import { initProducerIdV5, listTransactionsV1 } from '@platformatic/kafka';
import { kafkaError, logErrorOf } from '../connections/kafka-errors.ts';
import { retryPassing } from '../connections/retry-passing.ts';
import { type AdminParts, askCoordinator } from './admin-parts.ts';

/** Transactional ids: which have something open, and taking one over. */
export class TransactionAdmin {
  readonly #parts: AdminParts;

  constructor(parts: AdminParts) {
    this.#parts = parts;
  }

  /** Each broker knows those that it coordinates. */
  ongoingIds(prefix: string): Promise<readonly string[]> {
    const { cluster, connections, context } = this.#parts;
    return retryPassing(async () => {
      await cluster.describe([]); // which brokers there are now
      const ids = await Promise.all(
        cluster.nodes.map(async (node) => {
          const connection = await connections.get(node);
          const answer = await connection.call(
            listTransactionsV1.api,
            ['ONGOING'],
            [],
            ANY_DURATION,
            undefined,
          );
          if (answer.errorCode !== kafkaError.none) {
            throw logErrorOf(answer.errorCode, 'Listing transactions');
          }
          return answer.transactionStates.map(({ transactionalId }) => transactionalId);
        }),
      );
      return ids.flat().filter((id) => id.startsWith(prefix));
    }, context);
  }

  /** A new producer id of the transactional id; it is answered only when what was open has been aborted. */
  async fence(transactionalId: string): Promise<void> {
    await askCoordinator(this.#parts, {
      kind: 'transaction',
      key: transactionalId,
      api: initProducerIdV5.api,
      args: [transactionalId, TRANSACTION_TIMEOUT_MS, NEW_HOLDER_ID, NEW_HOLDER_EPOCH],
      codesOf: ({ errorCode }) => [errorCode],
      what: `Fencing the transactional id ${transactionalId}`,
    });
  }
}

const ANY_DURATION = -1n;
/** Unused: nothing is ever begun. */
const TRANSACTION_TIMEOUT_MS = 10_000;
const NEW_HOLDER_ID = -1n;
const NEW_HOLDER_EPOCH = -1;
