import { MemoryBrokerError } from './memory-broker-error.ts';

/** What an idempotent producer puts on each batch. */
export type ProducerStamp = {
  readonly producerId: number;
  readonly epoch: number;
  /** Of the batch's first record: counts the producer's records of this partition and epoch, from 0. */
  readonly baseSequence: number;
};

type Appended = { readonly baseSequence: number; readonly baseOffset: number };

type ProducerState = { epoch: number; sequenceNext: number; recent: Appended[] };

/** What one partition knows of each producer: it makes repeated batches one, and refuses gaps and old epochs. */
export class MemoryProducers {
  readonly #states = new Map<number, ProducerState>();

  /** The offset of a batch that was appended before, undefined for a new one that may be appended now. */
  admit(stamp: ProducerStamp, count: number): number | undefined {
    const state = this.#states.get(stamp.producerId);
    if (!state) return undefined;
    if (stamp.epoch < state.epoch) {
      throw new MemoryBrokerError(
        'INVALID_PRODUCER_EPOCH',
        `Epoch ${stamp.epoch} of producer ${stamp.producerId} is over: ${state.epoch} is its newest.`,
      );
    }
    if (stamp.epoch > state.epoch) {
      if (stamp.baseSequence !== 0) throw outOfOrder(stamp, 0);
      return undefined;
    }
    const repeated = state.recent.find(({ baseSequence }) => baseSequence === stamp.baseSequence);
    if (repeated && stamp.baseSequence + count <= state.sequenceNext) return repeated.baseOffset;
    if (stamp.baseSequence !== state.sequenceNext) throw outOfOrder(stamp, state.sequenceNext);
    return undefined;
  }

  /** Notes a batch that has been appended. */
  remember(stamp: ProducerStamp, appended: { baseOffset: number; count: number }): void {
    const state = this.#stateOf(stamp.producerId, stamp.epoch);
    state.sequenceNext = stamp.baseSequence + appended.count;
    state.recent.push({ baseSequence: stamp.baseSequence, baseOffset: appended.baseOffset });
    if (state.recent.length > RECENT_COUNT_MAX) state.recent.shift();
  }

  /** A marker of this epoch came: what is older is refused from now on. */
  raiseEpoch(producerId: number, epoch: number): void {
    this.#stateOf(producerId, epoch);
  }

  #stateOf(producerId: number, epoch: number): ProducerState {
    let state = this.#states.get(producerId);
    if (!state || state.epoch < epoch) {
      state = { epoch, sequenceNext: 0, recent: [] };
      this.#states.set(producerId, state);
    }
    return state;
  }
}

/** As many batches as Kafka remembers of each producer. */
const RECENT_COUNT_MAX = 5;

function outOfOrder(stamp: ProducerStamp, sequenceNext: number): MemoryBrokerError {
  return new MemoryBrokerError(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    `Producer ${stamp.producerId} sent sequence ${stamp.baseSequence} where ${sequenceNext} comes next.`,
  );
}
