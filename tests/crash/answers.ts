import { instantMessageOut } from '@chat-cluster/contract';
import type { FetchedRecord, Fetcher, Log } from '@chat-cluster/log';

/** What a reader of committed records sees come out: how many messages, and how long each took from its input's time on. */
export class Answers {
  readonly #fetcher: Fetcher;
  #count = 0;
  #delaysMs: number[] = [];
  #failure: Error | undefined;

  private constructor(log: Log) {
    this.#fetcher = log.openFetcher(
      {},
      {
        onBatch: ({ records }) => this.#take(records),
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

  /** Since the last call: the median, the 99th hundredth and the longest, in ms. For people to read. */
  takeDelays(): string {
    const sorted = this.#delaysMs.toSorted((a, b) => a - b);
    this.#delaysMs = [];
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms of ${sorted.length}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fetcher.close();
  }

  #take(records: readonly FetchedRecord[]): void {
    const nowMs = Date.now();
    for (const { headers } of records) {
      const time = headers.find(({ key }) => key === 'time')?.value ?? [];
      this.#delaysMs.push(nowMs - Number(Buffer.from(time).toString()));
    }
    this.#count += records.length;
  }
}
