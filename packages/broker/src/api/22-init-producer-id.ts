/**
 * InitProducerId, versions 0 to 5.
 *
 * For a transactional id it fences the producer before and ends what that one left open, before it answers: the client need not
 * ask again. Version 6 (two-phase commit) is not offered.
 */
import { ErrorCode } from '../wire/error-codes.ts';
import { initProducerId } from '../wire/messages/22-init-producer-id.ts';
import { fencedCode } from './fenced-code.ts';
import { on } from './handler.ts';

export const initProducerIdHandler = on(initProducerId, async (request, { broker, version }) => {
  const { transactionalId, transactionTimeoutMs: timeoutMs, producerId, producerEpoch } = request;
  if (transactionalId === null) return broker.transactions.newProducer();
  const isHalfClaimed = (producerId === -1) !== (producerEpoch === -1);
  if (transactionalId === '' || isHalfClaimed) {
    return { errorCode: ErrorCode.INVALID_REQUEST, producerEpoch: -1 };
  }
  const claimed = { producerId, producerEpoch };
  const result = await broker.transactions.initProducer({ transactionalId, timeoutMs, claimed });
  return { ...result, errorCode: fencedCode(result.errorCode, version >= 4) };
});
