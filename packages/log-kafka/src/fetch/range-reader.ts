import type { Cancel, Deferred } from '@chat-cluster/kernel';
import { LogError, type RangeReadOptions } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import { closedError } from '../connections/broker-connections.ts';
import type { Cluster } from '../connections/cluster.ts';
import { KafkaFetcher } from './kafka-fetcher.ts';

/**
 * The port's readRange: each range has a fetcher of its own, so that several are read side by side, as many as
 * RANGES_MAX; further ones wait for their turn.
 */
export class RangeReader {
  readonly #from: { readonly context: AdapterContext; readonly cluster: Cluster };
  /** Ends those that are being read. */
  readonly #underWay = new Set<(reason: LogError) => void>();
  /** Bounded by the partitions that their owner takes over at once. */
  readonly #waiting: (() => void)[] = [];
  isClosed = false;

  constructor(from: { readonly context: AdapterContext; readonly cluster: Cluster }) {
    this.#from = from;
  }

  /** @throws LogError */
  async read(range: RangeReadOptions): Promise<void> {
    if (range.offsetFrom >= range.offsetUntil) return;
    while (this.#underWay.size >= RANGES_MAX) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.isClosed) throw closedError();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#underWay.add(reject);
    try {
      await this.#read(range, { promise, resolve, reject });
    } finally {
      this.#underWay.delete(reject);
      this.#waiting.shift()?.();
    }
  }

  /** Ranges under way reject with `closed`. */
  close(): Promise<void> {
    this.isClosed = true;
    for (const end of this.#underWay) end(closedError());
    for (const turn of this.#waiting.splice(0)) turn();
    return Promise.resolve();
  }

  async #read(range: RangeReadOptions, done: Deferred<void>): Promise<void> {
    let cancelStall: Cancel | undefined;
    const expectProgress = (): void => {
      cancelStall?.();
      cancelStall = this.#from.context.timers.after(STALL_MS_MAX, () =>
        done.reject(stalled(range)),
      );
    };
    const fetcher = new KafkaFetcher(this.#from, fetchSizes, {
      onBatch: ({ records, offsetNext }) => {
        try {
          for (const record of records) if (record.offset < range.offsetUntil) range.visit(record);
        } catch (error) {
          done.reject(error); // the visitor's own
        }
        if (offsetNext >= range.offsetUntil) done.resolve();
        else expectProgress();
      },
      onPartitionError: (_at, error) => done.reject(error),
    });
    expectProgress();
    fetcher.add(range, range.offsetFrom);
    try {
      await done.promise;
    } finally {
      cancelStall?.();
      await fetcher.close();
    }
  }
}

const RANGES_MAX = 8;

/** An open transaction is ended by its time-out (10 s) at the latest. */
const STALL_MS_MAX = 30_000;

/** A range is read by itself: its answers may be larger than one partition's share of a fetcher's. */
const fetchSizes = { responseBytesMax: 1024 * 1024, partitionBytesMax: 1024 * 1024 };

function stalled({ topic, partition, offsetUntil }: RangeReadOptions): LogError {
  return new LogError(
    'unavailable',
    `Partition ${partition} of ${topic} could not be read up to offset ${offsetUntil}: nothing came for ${STALL_MS_MAX / 1000} s.`,
  );
}
