import { NO_PRODUCER, type ProducerIdentity } from './transaction.ts';

/** The last epoch that a producer may be given; markers that fence it still have one above. */
export const PRODUCER_EPOCH_MAX = 32_766;

/**
 * Who may use a transactional id after an InitProducerId.
 * - `next-epoch`: the same id, one epoch on; `last` is whom a retry of this request would name.
 * - `new-id`: the epochs of the id are used up.
 * - `unchanged`: the request is a retry; its first answer was lost.
 * - `fenced`: somebody else has taken the transactional id since.
 */
export type Succession =
  | {
      readonly kind: 'next-epoch';
      readonly producer: ProducerIdentity;
      readonly last: ProducerIdentity;
    }
  | { readonly kind: 'new-id'; readonly last: ProducerIdentity }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'fenced' };

/**
 * Judges an InitProducerId by who has the transactional id and whom the request claims to be (KIP-360).
 *
 * @param of `current` has it, `last` had it before, `claimed` asks: NO_PRODUCER for a new producer
 */
export function succeedProducer(of: {
  current: ProducerIdentity;
  last: ProducerIdentity;
  claimed: ProducerIdentity;
}): Succession {
  const { current, last, claimed } = of;
  const isNew = claimed.producerId === NO_PRODUCER.producerId;
  if (!isNew && !isSame(claimed, current)) {
    return { kind: isSame(claimed, last) ? 'unchanged' : 'fenced' };
  }
  // A new producer has nobody before it: an older one that comes back must not pass for its retry.
  const before = isNew ? NO_PRODUCER : current;
  if (current.producerEpoch >= PRODUCER_EPOCH_MAX) return { kind: 'new-id', last: before };
  const producer = { ...current, producerEpoch: current.producerEpoch + 1 };
  return { kind: 'next-epoch', producer, last: before };
}

function isSame(one: ProducerIdentity, other: ProducerIdentity): boolean {
  return one.producerId === other.producerId && one.producerEpoch === other.producerEpoch;
}
