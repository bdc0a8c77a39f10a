import { allTopics } from '@chat-cluster/contract';
import { purchasesTopics } from '@chat-cluster/contract/purchases';
import { seededRandom, systemClock, systemTimers, type Timers } from '@chat-cluster/kernel';
import { type FetchedRecord, type Log, MemoryBroker, MemoryLog } from '@chat-cluster/log';
import { runCli } from './cli.ts';
import { partitionsOf, startsAt } from './follow.ts';

/** Commands wait a tenth of what they say; long enough for an answer to come first. */
const hastyTimers: Timers = {
  after: (delayMs, callback) => systemTimers.after(delayMs / 10, callback),
};

/** What a command line came to. */
export type Ran = {
  readonly exitCode: number | 'running';
  readonly printed: readonly string[];
  readonly notes: readonly string[];
};

/** Runs command lines against a cluster in memory, for tests. The test itself plays the nodes. */
export class CliHarness {
  readonly partitionCount: number;
  readonly #broker = new MemoryBroker({ clock: systemClock, timers: systemTimers });
  readonly #random = seededRandom(1);
  readonly log: Log = new MemoryLog({ broker: this.#broker, clientName: 'test' });

  constructor({ partitionCount = 3 } = {}) {
    this.partitionCount = partitionCount;
    for (const { name, configs } of [...allTopics, ...purchasesTopics]) {
      this.#broker.createTopic({ topic: name, partitionCount, configs });
    }
  }

  /** @param seen called with each line as it is printed or noted */
  async run(
    argv: readonly string[],
    options: {
      readonly signal?: AbortSignal;
      readonly env?: Readonly<Record<string, string>>;
      readonly seen?: (line: string) => void;
    } = {},
  ): Promise<Ran> {
    const printed: string[] = [];
    const notes: string[] = [];
    const into = (lines: string[]) => (line: string) => {
      lines.push(line);
      options.seen?.(line);
    };
    const exitCode = await runCli(argv, {
      print: into(printed),
      printed: () => Promise.resolve(),
      note: into(notes),
      signal: options.signal ?? new AbortController().signal,
      env: options.env ?? {},
      openLog: ([address]) =>
        Promise.resolve(new MemoryLog({ broker: this.#broker, clientName: address!.host })),
      clock: systemClock,
      timers: hastyTimers,
      random: this.#random,
    });
    return { exitCode, printed, notes };
  }

  /** Calls back with each record that comes into a topic from now on, until `close`. */
  async onRecord(
    topic: string,
    react: (record: FetchedRecord, partition: number) => void,
  ): Promise<void> {
    const [described] = await this.log.admin.describeTopics([topic]);
    const starts = await startsAt(this.log, 'latest', partitionsOf(described!));
    const fetcher = this.log.openFetcher(
      { waitMaxMs: 10 },
      {
        onBatch: ({ records, partition }) => {
          for (const record of records) react(record, partition);
        },
        onPartitionError: (_at, error) => {
          throw error;
        },
      },
    );
    for (const start of starts) fetcher.add(start, start.offset);
  }

  /** Writes a record as a node would. Resolves with its offset. */
  async write(
    to: { readonly topic: string; readonly partition: number },
    record: {
      readonly key: string | null;
      readonly value: Uint8Array | null;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<number> {
    const producer = this.log.openProducer();
    const headers = Object.entries(record.headers ?? {}).map(([key, value]) => ({
      key,
      value: Buffer.from(value),
    }));
    const key = record.key === null ? null : Buffer.from(record.key);
    return producer.send(to, [{ key, value: record.value, headers }]);
  }

  close(): Promise<void> {
    return this.log.close();
  }
}
