import { assert, type Cancel, type Timers } from '@chat-cluster/kernel';
import { MemoryBrokerError } from './memory-broker-error.ts';
import type { EndDirection } from './memory-partition.ts';

/** A producer id and its epoch: of two holders of a transactional id the one with the newer epoch is the holder. */
export type ProducerIdentity = { readonly producerId: number; readonly epoch: number };

/** What writes the end of a transaction in one place: a partition, or a group's offsets. */
export type TransactionPlace = {
  readonly key: string;
  end(identity: ProducerIdentity, direction: EndDirection): void;
};

/**
 * Phases of a transactional id, in Kafka's words.
 *
 * | from | to | when |
 * | --- | --- | --- |
 * | Empty, Complete… | Ongoing | a partition or a group is added |
 * | Ongoing | PrepareCommit, PrepareAbort | EndTxn: decided; PrepareAbort also when the id is taken over or the time is up, with a newer epoch |
 * | Prepare… | Complete… | the end is written in every place |
 * | Complete… | Empty | the id is taken over, or its epoch bumped |
 */
type Phase =
  | { readonly name: 'Empty' }
  | {
      readonly name: 'Ongoing';
      readonly places: Map<string, TransactionPlace>;
      readonly cancelTimeout: Cancel;
    }
  | { readonly name: 'Prepare' | 'Complete'; readonly direction: EndDirection };

type TransactionalId = {
  producerId: number;
  epoch: number;
  /** The epoch before a bump that its holder asked for, so that it may ask again; -1 otherwise. */
  epochBefore: number;
  timeoutMs: number;
  phase: Phase;
};

export type MemoryTransactionsOptions = {
  readonly timers: Timers;
  /** How long after the decision the end is written in a place; 0 for at once. */
  readonly markerDelayMs: (place: string) => number;
};

/** The transaction coordinator of the memory broker, with the first version of Kafka's transactions: partitions are added before they are written. */
export class MemoryTransactions {
  readonly #options: MemoryTransactionsOptions;
  readonly #ids = new Map<string, TransactionalId>();
  #producerIdNext = 1;

  constructor(options: MemoryTransactionsOptions) {
    this.#options = options;
  }

  newProducerId(): number {
    this.#producerIdNext += 1;
    return this.#producerIdNext - 1;
  }

  /**
   * InitProducerId: takes a transactional id over, or bumps the holder's own epoch (`expected`, which must be the current one; asked again, it answers the same).
   *
   * @throws MemoryBrokerError CONCURRENT_TRANSACTIONS while what was open is being aborted: ask again; PRODUCER_FENCED when `expected` is over
   */
  initProducerId(options: {
    transactionalId: string;
    timeoutMs?: number;
    expected?: ProducerIdentity;
  }): ProducerIdentity {
    const { transactionalId, timeoutMs, expected } = options;
    const id = this.#ids.get(transactionalId) ?? this.#create(transactionalId);
    const isNew = id.epoch === -1;
    if (!isNew && expected && expected.producerId !== id.producerId) throw fenced();
    if (id.phase.name === 'Prepare') throw concurrent();
    if (id.phase.name === 'Ongoing') {
      this.#fenceAndAbort(id);
      throw concurrent();
    }
    if (timeoutMs !== undefined) id.timeoutMs = timeoutMs;
    if (!isNew && expected) {
      if (expected.epoch === id.epochBefore) return identityOf(id);
      if (expected.epoch !== id.epoch) throw fenced();
    }
    id.epochBefore = expected ? id.epoch : -1;
    this.#bumpEpoch(id);
    id.phase = { name: 'Empty' };
    return identityOf(id);
  }

  /** AddPartitionsToTxn and AddOffsetsToTxn: the transaction begins with its first place. */
  add(transactionalId: string, identity: ProducerIdentity, places: TransactionPlace[]): void {
    assert(places.length > 0, 'What is added to a transaction is at least one place.');
    const id = this.#held(transactionalId, identity);
    if (id.phase.name === 'Prepare') throw concurrent();
    if (id.phase.name !== 'Ongoing') {
      const cancelTimeout = this.#options.timers.after(id.timeoutMs, () => this.#fenceAndAbort(id));
      id.phase = { name: 'Ongoing', places: new Map(), cancelTimeout };
    }
    for (const place of places) id.phase.places.set(place.key, place);
  }

  /** Whether a write belongs to what is open: brokers ask before they append or stage. */
  verify(transactionalId: string, identity: ProducerIdentity, placeKey: string): void {
    const { phase } = this.#held(transactionalId, identity);
    if (phase.name === 'Ongoing' && phase.places.has(placeKey)) return;
    throw new MemoryBrokerError(
      'INVALID_TXN_STATE',
      `The open transaction of ${transactionalId} does not include ${placeKey}.`,
    );
  }

  /** EndTxn. The decision is made when this returns; asking again for the same is answered the same, for the opposite is refused. */
  end(transactionalId: string, identity: ProducerIdentity, direction: EndDirection): void {
    const id = this.#held(transactionalId, identity);
    const { phase } = id;
    if (phase.name === 'Ongoing') {
      this.#prepare(id, phase.places, direction);
      return;
    }
    if (phase.name !== 'Empty' && phase.direction === direction) {
      if (phase.name === 'Prepare') throw concurrent();
      return;
    }
    throw new MemoryBrokerError(
      'INVALID_TXN_STATE',
      `There is nothing of ${transactionalId} to ${direction}.`,
    );
  }

  /** Ids whose transaction is open and undecided. */
  ongoing(prefix: string): string[] {
    return [...this.#ids]
      .filter(([name, id]) => name.startsWith(prefix) && id.phase.name === 'Ongoing')
      .map(([name]) => name);
  }

  #create(transactionalId: string): TransactionalId {
    const id: TransactionalId = {
      producerId: this.newProducerId(),
      epoch: -1,
      epochBefore: -1,
      timeoutMs: TRANSACTION_TIMEOUT_MS,
      phase: { name: 'Empty' },
    };
    this.#ids.set(transactionalId, id);
    return id;
  }

  #held(transactionalId: string, identity: ProducerIdentity): TransactionalId {
    const id = this.#ids.get(transactionalId);
    if (id && id.producerId === identity.producerId && id.epoch === identity.epoch) return id;
    throw fenced();
  }

  /** The holder is refused from now on, and what it has open is aborted. */
  #fenceAndAbort(id: TransactionalId): void {
    assert(id.phase.name === 'Ongoing', 'Only an open transaction is aborted.');
    id.epochBefore = -1;
    id.epoch += 1;
    this.#prepare(id, id.phase.places, 'abort');
  }

  #prepare(
    id: TransactionalId,
    places: ReadonlyMap<string, TransactionPlace>,
    direction: EndDirection,
  ): void {
    if (id.phase.name === 'Ongoing') id.phase.cancelTimeout();
    id.phase = { name: 'Prepare', direction };
    let missing = places.size;
    const identity = identityOf(id);
    const endIn = (place: TransactionPlace): void => {
      place.end(identity, direction);
      missing -= 1;
      if (missing === 0) id.phase = { name: 'Complete', direction };
    };
    for (const place of places.values()) {
      const delayMs = this.#options.markerDelayMs(place.key);
      if (delayMs === 0) endIn(place);
      else this.#options.timers.after(delayMs, () => endIn(place));
    }
  }

  #bumpEpoch(id: TransactionalId): void {
    if (id.epoch < EPOCH_MAX) {
      id.epoch += 1;
      return;
    }
    id.producerId = this.newProducerId();
    id.epoch = 0;
  }
}

/** Kafka's `Short.MAX_VALUE - 1`: the last epoch is for fencing. */
const EPOCH_MAX = 32_766;
const TRANSACTION_TIMEOUT_MS = 10_000;

function identityOf({ producerId, epoch }: TransactionalId): ProducerIdentity {
  return { producerId, epoch };
}

function fenced(): MemoryBrokerError {
  return new MemoryBrokerError(
    'PRODUCER_FENCED',
    'A newer producer holds the transactional id, or its transaction was open for too long.',
  );
}

function concurrent(): MemoryBrokerError {
  return new MemoryBrokerError(
    'CONCURRENT_TRANSACTIONS',
    'The transaction before is still being ended: ask again.',
  );
}
