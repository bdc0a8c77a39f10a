import { ErrorCode } from '../wire/error-codes.ts';
import { type RecordBatch } from '../wire/record-batch.ts';

/** How many of a producer's last batches a retry is recognized by: the most that Kafka's clients keep in flight. */
export const PRODUCER_BATCHES_MAX = 5;
const SEQUENCE_MAX = 0x7fff_ffff;

/** One remembered batch of a producer. */
export type ProducerBatch = {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  /** The time the broker gave the batch, -1 if the records keep their own. */
  readonly logAppendTimeMs: number;
};

/** What one partition knows of one idempotent producer. */
export type ProducerState = {
  epoch: number;
  /** The last batches of this epoch, oldest first; at most PRODUCER_BATCHES_MAX. */
  batches: ProducerBatch[];
  /** The first offset of the producer's open transaction on this partition, or null. */
  openTransactionFirstOffset: number | null;
  /** When the producer last appended, to forget it after `producer.id.expiration.ms`. */
  lastAppendMs: number;
};

/** What is to be done with a producer's batch. */
export type SequenceVerdict =
  | { readonly kind: 'append' }
  | { readonly kind: 'duplicate'; readonly original: ProducerBatch }
  | { readonly kind: 'refuse'; readonly errorCode: ErrorCode };

const APPEND: SequenceVerdict = { kind: 'append' };

/**
 * The idempotent producers of one partition, as of its last *appended* batch (which may not be durable yet): whoever
 * answers by it waits for durability first.
 */
export class ProducerStates {
  readonly #states = new Map<number, ProducerState>();

  /**
   * Judges the sequence of a batch from an idempotent producer. Changes nothing.
   *
   * A batch that is among the last five is a duplicate: answered with its original offset. An older epoch is refused
   * with INVALID_PRODUCER_EPOCH; a gap, or a new epoch that does not start at 0, with OUT_OF_ORDER_SEQUENCE_NUMBER. A
   * producer that the partition does not know may start anywhere (KIP-360).
   */
  judge(batch: RecordBatch): SequenceVerdict {
    const state = this.#states.get(batch.producerId);
    if (state === undefined) return APPEND;
    const { producerEpoch: epoch, baseSequence: firstSequence } = batch;
    if (epoch < state.epoch) return refuse(ErrorCode.INVALID_PRODUCER_EPOCH);
    if (!batch.isTransactional && state.openTransactionFirstOffset !== null) {
      return refuse(ErrorCode.INVALID_TXN_STATE);
    }
    if (epoch > state.epoch) return inSequence(firstSequence, 0);
    const lastSequence = addToSequence(firstSequence, batch.lastOffsetDelta);
    const original = state.batches.find(
      (known) => known.firstSequence === firstSequence && known.lastSequence === lastSequence,
    );
    if (original !== undefined) return { kind: 'duplicate', original };
    const last = state.batches.at(-1);
    return inSequence(firstSequence, last === undefined ? 0 : addToSequence(last.lastSequence, 1));
  }

  /** Takes note of a producer's batch that has been placed in the log. */
  recordBatch(batch: RecordBatch, nowMs: number): void {
    const { producerId, producerEpoch, baseSequence, baseOffset } = batch;
    const state = this.#stateOf(producerId, producerEpoch);
    state.batches.push({
      firstSequence: baseSequence,
      lastSequence: addToSequence(baseSequence, batch.lastOffsetDelta),
      baseOffset,
      logAppendTimeMs: batch.isLogAppendTime ? batch.maxTimestampMs : -1,
    });
    if (state.batches.length > PRODUCER_BATCHES_MAX) state.batches.shift();
    if (batch.isTransactional) state.openTransactionFirstOffset ??= baseOffset;
    state.lastAppendMs = nowMs;
  }

  /** Takes note of a marker that has been placed in the log: the producer's transaction here is over. */
  recordMarker(marker: { producerId: number; producerEpoch: number }, nowMs: number): void {
    const state = this.#stateOf(marker.producerId, marker.producerEpoch);
    state.openTransactionFirstOffset = null;
    state.lastAppendMs = nowMs;
  }

  hasOpenTransaction(producerId: number): boolean {
    return (this.#states.get(producerId)?.openTransactionFirstOffset ?? null) !== null;
  }

  /** Forgets producers without an open transaction that have not appended since `beforeMs`. */
  expire(beforeMs: number): void {
    for (const [producerId, state] of this.#states) {
      if (state.openTransactionFirstOffset === null && state.lastAppendMs < beforeMs) {
        this.#states.delete(producerId);
      }
    }
  }

  entries(): IterableIterator<[producerId: number, state: ProducerState]> {
    return this.#states.entries();
  }

  /** Puts back what an earlier run knew. Its batches stay as they are: a checkpoint has them, and is written again. */
  restore(producerId: number, state: ProducerState): void {
    this.#states.set(producerId, { ...state, batches: [...state.batches] });
  }

  #stateOf(producerId: number, epoch: number): ProducerState {
    let state = this.#states.get(producerId);
    if (state === undefined) {
      state = { epoch, batches: [], openTransactionFirstOffset: null, lastAppendMs: 0 };
      this.#states.set(producerId, state);
    } else if (epoch > state.epoch) {
      state.epoch = epoch;
      state.batches = [];
    }
    return state;
  }
}

/** Sequence numbers run from 0 to 2^31 - 1 and start again at 0. */
function addToSequence(sequence: number, count: number): number {
  const sum = sequence + count;
  return sum > SEQUENCE_MAX ? sum - SEQUENCE_MAX - 1 : sum;
}

function inSequence(given: number, wanted: number): SequenceVerdict {
  return given === wanted ? APPEND : refuse(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
}

function refuse(errorCode: ErrorCode): SequenceVerdict {
  return { kind: 'refuse', errorCode };
}
