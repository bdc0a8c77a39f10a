import { assert } from '@chat-cluster/kernel';
import type {
  Transaction,
  TransactionalProducer,
  TransactionalProducerOptions,
  TransactionResult,
} from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import { BrokerConnections, closedError } from '../connections/broker-connections.ts';
import type { Cluster } from '../connections/cluster.ts';
import { isPassing } from '../connections/retry-passing.ts';
import { faultOfFailure, type TransactionFault, worstOf } from './transaction-fault.ts';
import { TransactionLane } from './transaction-lane.ts';
import { TransactionOffsets } from './transaction-offsets.ts';
import { TransactionWrites } from './transaction-writes.ts';

/**
 * The port's TransactionalProducer. It takes turns between *lanes*, each with a transactional id of its own
 * (`<id>.0`, `<id>.1`): a transaction begins as soon as the end of the one before was answered, on the other lane, while the
 * coordinator still writes the markers of the one before. Still strictly one after the other; docs/decisions/0003 says why
 * that is safe.
 */
export class KafkaTransactionalProducer implements TransactionalProducer {
  readonly #context: AdapterContext;
  readonly #lanes: readonly TransactionLane[];
  readonly #writes: TransactionWrites;
  readonly #offsets: TransactionOffsets;
  readonly #connections: readonly BrokerConnections[];
  #laneNext = 0;
  #isPending = false;
  #isClosed = false;
  /** Why nothing can be committed any more. */
  #fencedMessage: string | undefined;

  private constructor(options: {
    readonly context: AdapterContext;
    readonly lanes: readonly TransactionLane[];
    readonly writes: TransactionWrites;
    readonly offsets: TransactionOffsets;
    readonly connections: readonly BrokerConnections[];
  }) {
    this.#context = options.context;
    this.#lanes = options.lanes;
    this.#writes = options.writes;
    this.#offsets = options.offsets;
    this.#connections = options.connections;
  }

  /**
   * Takes all ids of its lanes over from earlier holders.
   *
   * @throws LogError
   */
  static async open(
    from: { readonly context: AdapterContext; readonly cluster: Cluster },
    options: TransactionalProducerOptions & { readonly laneCount: number },
  ): Promise<KafkaTransactionalProducer> {
    const { context, cluster } = from;
    const { transactionalId, transactionTimeoutMs = TRANSACTION_TIMEOUT_MS, laneCount } = options;
    // A request that takes longer than the transaction may live is of no use.
    const requestTimeoutMs = Math.min(context.settings.requestTimeoutMs, transactionTimeoutMs);
    const settings = { ...context.settings, requestTimeoutMs };
    const [toCoordinators, toLeaders, toGroups] = [1, 2, 3].map(
      () => new BrokerConnections(settings, context.report),
    ) as [BrokerConnections, BrokerConnections, BrokerConnections];
    const lanes = Array.from(
      { length: laneCount },
      (_, lane) =>
        new TransactionLane({
          transactionalId: laneId(transactionalId, lane),
          context,
          cluster,
          connections: toCoordinators,
          transactionTimeoutMs,
        }),
    );
    const producer = new KafkaTransactionalProducer({
      context,
      lanes,
      writes: new TransactionWrites({ context, cluster, connections: toLeaders }),
      offsets: new TransactionOffsets({ context, cluster, connections: toGroups }),
      connections: [toCoordinators, toLeaders, toGroups],
    });
    try {
      await Promise.all(lanes.map((lane) => lane.open()));
    } catch (error) {
      await producer.close();
      throw error;
    }
    return producer;
  }

  async commit(transaction: Transaction, signal?: AbortSignal): Promise<TransactionResult> {
    assert(!this.#isPending, 'Transactions of one producer come one after the other.');
    assertOncePerPartition(transaction.writes);
    assertOncePerPartition(transaction.offsets);
    if (this.#isClosed) throw closedError();
    if (this.#isFenced) return this.#fenced();
    const { writes, offsets } = transaction;
    if (writes.length === 0 && offsets.length === 0) return committed([]);
    this.#isPending = true;
    try {
      const lane = this.#lanes[this.#laneNext]!;
      this.#laneNext = (this.#laneNext + 1) % this.#lanes.length;
      return await this.#commitOn(lane, transaction, signal);
    } finally {
      this.#isPending = false;
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#connections.map((connections) => connections.close()));
  }

  async #commitOn(
    lane: TransactionLane,
    transaction: Transaction,
    signal: AbortSignal | undefined,
  ): Promise<TransactionResult> {
    const bumpFault = await this.#bump(lane);
    if (bumpFault) return this.#isFenced ? this.#fenced() : aborted(bumpFault);
    if (signal?.aborted) return aborted(requested);
    const beginFault = await lane.begin(transaction, signal);
    if (beginFault) return this.#abort(lane, beginFault);
    if (signal?.aborted) return this.#abort(lane, requested);
    const [written, offsetsFault] = await Promise.all([
      this.#writes.send(lane, transaction.writes),
      this.#offsets.send(lane, transaction),
    ]);
    const fault = worstOf([written.fault, offsetsFault].filter((each) => each !== undefined));
    if (fault) return this.#abort(lane, fault);
    if (signal?.aborted) return this.#abort(lane, requested);
    const end = await lane.end('commit');
    return end === 'ended' ? committed(written.baseOffsets) : this.#fence(lane);
  }

  async #abort(lane: TransactionLane, fault: TransactionFault): Promise<TransactionResult> {
    if (fault.mustBump) lane.bumpBeforeNext();
    this.#context.report({ kind: 'transaction-aborted', message: fault.message });
    const end = await lane.end('abort');
    if (end !== 'ended') return this.#fence(lane);
    // At once: a late request could begin a transaction that nobody ends, and hold up all readers.
    await this.#bump(lane);
    return this.#isFenced ? this.#fenced() : aborted(fault);
  }

  /** What keeps the lane from its next transaction. One that cannot be bumped now is when it is used next. */
  async #bump(lane: TransactionLane): Promise<TransactionFault | undefined> {
    try {
      await lane.bumpIfNeeded();
      return undefined;
    } catch (error) {
      const fault = faultOfFailure(error);
      if (!isPassing(error)) this.#fence(lane);
      return fault;
    }
  }

  get #isFenced(): boolean {
    return this.#fencedMessage !== undefined;
  }

  #fence(lane: TransactionLane): TransactionResult {
    this.#fencedMessage = `The coordinator no longer takes ${lane.transactionalId} from this producer.`;
    return this.#fenced();
  }

  #fenced(): TransactionResult {
    return { outcome: 'fenced', message: this.#fencedMessage ?? '' };
  }
}

/** The suffix is part of what ListTransactions shows and `fence` takes. */
function laneId(transactionalId: string, lane: number): string {
  return `${transactionalId}.${lane}`;
}

const TRANSACTION_TIMEOUT_MS = 10_000;

const requested: TransactionFault = {
  reason: 'requested',
  message: 'The owner took the transaction back.',
  mustBump: false,
};

function committed(baseOffsets: readonly number[]): TransactionResult {
  return { outcome: 'committed', baseOffsets };
}

function aborted({ reason, message }: TransactionFault): TransactionResult {
  return { outcome: 'aborted', reason, message };
}

function assertOncePerPartition(
  entries: readonly { readonly topic: string; readonly partition: number }[],
): void {
  const names = new Set(entries.map(({ topic, partition }) => `${topic}/${partition}`));
  assert(names.size === entries.length, 'A transaction names a partition once.');
}
