import { sleep } from '@chat-cluster/kernel';
import { LogError } from './log-error.ts';
import { isLost, refusalOf } from './memory-broker-error.ts';
import type { MemoryBroker } from './memory-broker.ts';
import type { MemoryConnection } from './memory-connection.ts';
import type { ProducerIdentity } from './memory-transactions.ts';

/**
 * Takes a transactional id over: fences its holder, and waits until what was open is aborted everywhere. Idempotent.
 *
 * @throws LogError `unavailable` after 10 s
 */
export async function takeOverTransactionalId(
  { broker, connection }: { broker: MemoryBroker; connection: MemoryConnection },
  request: { readonly transactionalId: string; readonly timeoutMs?: number },
): Promise<ProducerIdentity> {
  const giveUpMs = broker.clock.monotonicMs() + TAKE_OVER_TIMEOUT_MS;
  for (;;) {
    try {
      return await connection.call('InitProducerId', () =>
        broker.transactions.initProducerId(request),
      );
    } catch (error) {
      if (!isLost(error) && refusalOf(error) !== 'CONCURRENT_TRANSACTIONS') throw error;
      if (broker.clock.monotonicMs() >= giveUpMs) {
        const message = `Transactional id ${request.transactionalId} could not be taken over in time. Try again.`;
        throw new LogError('unavailable', message, { cause: error });
      }
    }
    await sleep(broker.timers, RETRY_BACKOFF_MS);
  }
}

const TAKE_OVER_TIMEOUT_MS = 10_000;
const RETRY_BACKOFF_MS = 5;
