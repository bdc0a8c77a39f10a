import { instantMessageOut } from '@chat-cluster/contract';
import type { FetchedRecord, Fetcher, Log } from '@chat-cluster/log';

/**
 * What a reader of committed records sees come out: how many messages, how long each took from its input's time on, and for
 * how long its partition was silent before it.
 */
export class Answers {
  readonly #fetcher: Fetcher;
  #count = 0;
  #delaysMs: number[] = [];
  /** By partition. */
  readonly #latest = new Map<number, Latest>();
  #silenceMsMax = 0;
  #failure: Error | undefined;

  private constructor(log: Log) {
    this.#fetcher = log.openFetcher(
      {},
      {
        onBatch: ({ partition, records }) => this.#take(partition, records),
        onPartitionError: (_at, error) => (this.#failure = error),
      },
    );
  }

  /** From the end of the output topic on, which is there. */
  static async watch(log: Log): Promise<Answers> {
    const answers = new Answers(log);
    const [topic] = await log.admin.describeTopics([instantMessageOut.name]);
    if (topic === undefined) throw new Error('There is no output topic.');
    const partitions = Array.from({ length: topic.partitionCount }, (_, partition) => partition);
    const ends = await log.admin.listOffsets(
      partitions.map((partition) => ({ ...topic, partition, at: 'latest' })),
    );
    for (const partition of partitions) {
      answers.#fetcher.add({ ...topic, partition }, ends[partition] ?? 0);
    }
    return answers;
  }

  get count(): number {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#count;
  }

  /** Partitions of which something has come out. */
  get answeredPartitionCount(): number {
    return this.#latest.size;
  }

  /** Since the last `takeDelays`. */
  get longestDelayMs(): number {
    return Math.max(0, ...this.#delaysMs);
  }

  /** Since the last call: the median, the 99th hundredth and the longest, in ms. For people to read. */
  takeDelays(): string {
    const sorted = this.#delaysMs.toSorted((a, b) => a - b);
    this.#delaysMs = [];
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms of ${sorted.length}`;
  }

  /** Since the last call: the longest time in which some partition gave nothing out. Of a load that reaches all of them all the time. */
  takeSilenceMs(): number {
    const longest = this.#silenceMsMax;
    this.#silenceMsMax = 0;
    return longest;
  }

  /** The partitions of which nothing has come out yet that came in after this time (ms since 1970). */
  silentSince(timeMs: number): readonly number[] {
    const latest = [...this.#latest];
    return latest.filter(([, { inputMs }]) => inputMs < timeMs).map(([partition]) => partition);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fetcher.close();
  }

  #take(partition: number, records: readonly FetchedRecord[]): void {
    if (records.length === 0) return;
    const nowMs = Date.now();
    const latest = this.#latest.get(partition) ?? { inputMs: 0, outputMs: nowMs };
    this.#silenceMsMax = Math.max(this.#silenceMsMax, nowMs - latest.outputMs);
    for (const { headers } of records) {
      const time = headers.find(({ key }) => key === 'time')?.value ?? [];
      const inputMs = Number(Buffer.from(time).toString());
      latest.inputMs = Math.max(latest.inputMs, inputMs);
      this.#delaysMs.push(nowMs - inputMs);
    }
    this.#latest.set(partition, { ...latest, outputMs: nowMs });
    this.#count += records.length;
  }
}

/** Of a partition: when the latest of what came out had come in, and when it came out; ms since 1970. */
type Latest = { inputMs: number; outputMs: number };
