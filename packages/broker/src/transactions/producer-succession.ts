import { NO_PRODUCER, type ProducerIdentity } from './transaction.ts';

/** The last epoch that a producer may be given; markers that fence it still have one above. */
export const PRODUCER_EPOCH_MAX = 32_766;

/**
 * Who may use a transactional id after an InitProducerId.
 * - `next`: the one who asks, one epoch on, or under a new id when the epochs are used up; `last` is whom a retry of
 *   this request would name.
 * - `unchanged`: the request is a retry; its first answer was lost.
 * - `fenced`: somebody else has taken the transactional id since.
 */
export type Succession =
  | { readonly kind: 'next'; readonly last: ProducerIdentity }
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
  // A new producer has nobody before it: an older one that comes back must not pass for its retry.
  if (claimed.producerId === NO_PRODUCER.producerId) return { kind: 'next', last: NO_PRODUCER };
  if (isSame(claimed, current)) return { kind: 'next', last: current };
  return { kind: isSame(claimed, last) ? 'unchanged' : 'fenced' };
}

/** The producer in its next epoch; undefined when its epochs are used up. */
export function nextEpoch({ producerId, producerEpoch }: ProducerIdentity) {
  if (producerEpoch >= PRODUCER_EPOCH_MAX) return undefined;
  return { producerId, producerEpoch: producerEpoch + 1 };
}

function isSame(one: ProducerIdentity, other: ProducerIdentity): boolean {
  return one.producerId === other.producerId && one.producerEpoch === other.producerEpoch;
}
