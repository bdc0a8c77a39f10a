import { assert, sleep } from '@chat-cluster/kernel';
import type { Fetcher, FetcherListener, FetcherOptions } from './fetcher.ts';
import type { LogError } from './log-error.ts';
import { isLost, MemoryBrokerError, toLogError } from './memory-broker-error.ts';
import type { MemoryBroker } from './memory-broker.ts';
import { MemoryCommittedFilter } from './memory-committed-filter.ts';
import type { MemoryConnection } from './memory-connection.ts';
import { Hurry, type FetchAnswer } from './memory-fetch.ts';
import type { PartitionData } from './memory-partition.ts';
import type { TopicIdPartition, TopicPartition } from './record.ts';

type Reading = {
  readonly at: TopicIdPartition;
  readonly filter: MemoryCommittedFilter;
  position: number;
  isPaused: boolean;
};

export type MemoryFetcherOptions = FetcherOptions & {
  readonly broker: MemoryBroker;
  readonly connection: MemoryConnection;
};

/** The `Fetcher` of a `MemoryLog`: one Fetch at a time, and the next one when it is answered. */
export class MemoryFetcher implements Fetcher {
  readonly #options: MemoryFetcherOptions;
  readonly #listener: FetcherListener;
  /** In the order in which they are asked for: who got something goes to the end. */
  readonly #readings = new Map<string, Reading>();
  #isRunning = false;
  #isClosed = false;
  #hurry = new Hurry();

  constructor(options: MemoryFetcherOptions, listener: FetcherListener) {
    this.#options = options;
    this.#listener = listener;
  }

  add(at: TopicIdPartition, position: number): void {
    assert(!this.#isClosed, 'A closed fetcher reads nothing.');
    assert(!this.#readings.has(keyOf(at)), 'A partition is added once until it is removed.');
    const filter = new MemoryCommittedFilter();
    this.#readings.set(keyOf(at), { at, filter, position, isPaused: false });
    this.#wake();
  }

  remove(at: TopicPartition): void {
    this.#readings.delete(keyOf(at));
  }

  pause(at: TopicPartition): void {
    const reading = this.#readings.get(keyOf(at));
    if (reading) reading.isPaused = true;
  }

  resume(at: TopicPartition): void {
    const reading = this.#readings.get(keyOf(at));
    if (!reading?.isPaused) return;
    reading.isPaused = false;
    this.#wake();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#readings.clear();
    this.#hurry.ask();
    return Promise.resolve();
  }

  #wake(): void {
    this.#hurry.ask();
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // so that all partitions that are added together go into the first request
    while (!this.#isClosed) {
      const readings = [...this.#readings.values()].filter(({ isPaused }) => !isPaused);
      if (readings.length === 0) break;
      const answer = await this.#fetch(readings);
      for (const [index, data] of (answer ?? []).entries()) this.#take(readings[index]!, data);
    }
    this.#isRunning = false;
  }

  async #fetch(readings: readonly Reading[]): Promise<FetchAnswer | undefined> {
    const { broker, connection } = this.#options;
    const hurry = new Hurry();
    this.#hurry = hurry;
    const request = {
      partitions: readings.map(({ at, position }) => ({ ...at, position })),
      waitMaxMs: this.#options.waitMaxMs ?? WAIT_MAX_MS,
      responseBytesMax: this.#options.responseBytesMax ?? RESPONSE_BYTES_MAX,
      partitionBytesMax: this.#options.partitionBytesMax ?? PARTITION_BYTES_MAX,
    };
    try {
      return await connection.call('Fetch', () => broker.fetch(request, hurry));
    } catch (error) {
      if (!isLost(error)) throw error;
      await sleep(broker.timers, RETRY_BACKOFF_MS);
      return undefined;
    }
  }

  #take(reading: Reading, data: PartitionData | MemoryBrokerError | undefined): void {
    const { at, filter, position } = reading;
    const key = keyOf(at);
    if (data === undefined || this.#readings.get(key) !== reading) return;
    this.#readings.delete(key);
    if (data instanceof MemoryBrokerError) {
      this.#listener.onPartitionError(at, toLogError(data) as LogError);
      return;
    }
    this.#readings.set(key, reading);
    const { records, offsetNext, sizeBytes } = filter.take(data, position);
    reading.position = offsetNext;
    const { topic, partition } = at;
    const { highWatermark } = data;
    this.#listener.onBatch({ topic, partition, records, offsetNext, highWatermark, sizeBytes });
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

const WAIT_MAX_MS = 500;
const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;
const PARTITION_BYTES_MAX = 512 * 1024;
const RETRY_BACKOFF_MS = 50;
