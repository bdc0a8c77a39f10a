import { setTimeout as delay } from 'node:timers/promises';
import { homePartition, type Fetcher, type Log } from '@chat-cluster/log';
import { message } from '../chat/load.ts';

const TICK_MS = 5;

/** A message that came out. */
export type Arrival = {
  readonly conversation: number;
  readonly partition: number;
  /** Monotonic, ms; of this process. */
  readonly sentMs: number;
  readonly arrivedMs: number;
};

/** Where the load is sent, and where it comes out. */
export type LoadTopics = { readonly input: string; readonly output: string };

const CHAT_TOPICS: LoadTopics = { input: 'instant_message_in', output: 'instant_message_out' };

/**
 * Sends at a steady rate, conversations in turn, and reads the output read_committed beside it. Every message carries its number within its conversation, so that what is lost, repeated or out of
 * order shows at once: the number that it is given must be the one that it carries.
 */
export class SteadyLoad {
  readonly arrivals: Arrival[] = [];
  readonly #log: Log;
  readonly #ratePerSecond: number;
  readonly #conversationCount: number;
  readonly #partitionCount: number;
  readonly #topics: LoadTopics;
  readonly #sentOf: number[];
  readonly #arrivedOf: number[];
  readonly #pending = new Set<Promise<unknown>>();
  #fetcher: Fetcher | undefined;
  #isStopped = false;
  #sending: Promise<void> = Promise.resolve();
  #violation: string | undefined;

  constructor(
    log: Log,
    options: {
      readonly ratePerSecond: number;
      readonly conversationCount: number;
      readonly partitionCount: number;
      /** Default: the chat node's. */
      readonly topics?: LoadTopics;
    },
  ) {
    this.#log = log;
    this.#ratePerSecond = options.ratePerSecond;
    this.#conversationCount = options.conversationCount;
    this.#partitionCount = options.partitionCount;
    this.#topics = options.topics ?? CHAT_TOPICS;
    this.#sentOf = Array.from({ length: options.conversationCount }, () => 0);
    this.#arrivedOf = Array.from({ length: options.conversationCount }, () => 0);
  }

  get sentCount(): number {
    return this.#sentOf.reduce((sum, count) => sum + count, 0);
  }

  async start(): Promise<void> {
    this.#fetcher = this.#log.openFetcher(
      {},
      {
        onBatch: ({ partition, records }) => {
          for (const { value } of records) this.#arrived(partition, value);
        },
        onPartitionError: (_, error) => {
          throw error;
        },
      },
    );
    const topic = this.#topics.output;
    const [output] = await this.#log.admin.describeTopics([topic]);
    for (let partition = 0; partition < this.#partitionCount; partition++) {
      const at = { topic, topicId: output?.topicId ?? '', partition };
      this.#fetcher.add(at, 0);
    }
    this.#sending = this.#send();
  }

  /** Forgets what has arrived; counting goes on. */
  forget(): void {
    this.arrivals.length = 0;
  }

  /** Throws what was found wrong so far. */
  check(): void {
    if (this.#violation !== undefined) throw new Error(this.#violation);
  }

  /** Stops sending, and waits until everything that was sent has arrived, once. */
  async end(): Promise<void> {
    this.#isStopped = true;
    await this.#sending;
    await Promise.all(this.#pending);
    const deadlineMs = performance.now() + END_WAIT_MS;
    while (this.#arrivedOf.some((count, index) => count < (this.#sentOf[index] ?? 0))) {
      this.check();
      if (performance.now() > deadlineMs) {
        const missing = this.#arrivedOf.findIndex((count, i) => count < (this.#sentOf[i] ?? 0));
        throw new Error(
          `Conversation ${missing} lacks messages from ${this.#arrivedOf[missing]} on.`,
        );
      }
      await delay(TICK_MS);
    }
    this.check();
    await this.#fetcher?.close();
  }

  async #send(): Promise<void> {
    const producer = this.#log.openProducer();
    const startMs = performance.now();
    for (let sent = 0; !this.#isStopped;) {
      const due = ((performance.now() - startMs) / 1_000) * this.#ratePerSecond;
      const byHome = new Map<number, ReturnType<typeof message>['record'][]>();
      for (; sent < due; sent++) {
        const conversation = sent % this.#conversationCount;
        const number = this.#sentOf[conversation]!++;
        const { home, record } = message(conversation, `at ${performance.now()} #${number} `);
        const records = byHome.get(home);
        if (records === undefined) byHome.set(home, [record]);
        else records.push(record);
      }
      for (const [partition, records] of byHome) {
        const answered = producer.send({ topic: this.#topics.input, partition }, records);
        this.#pending.add(answered);
        void answered.then(
          () => this.#pending.delete(answered),
          (error: unknown) => (this.#violation ??= `A message was not sent: ${String(error)}`),
        );
      }
      await delay(TICK_MS);
    }
    await Promise.all(this.#pending);
    await producer.close();
  }

  #arrived(partition: number, value: Uint8Array | null): void {
    const text = Buffer.from(value ?? []).toString();
    const [, key, seq, sent, number] =
      /"conversationKey":"conversation-(\d+)".*"conversationMsgSeq":(\d+),"body":"at ([\d.]+) #(\d+) /.exec(
        text,
      ) ?? [];
    const conversation = Number(key);
    const expected = this.#arrivedOf[conversation];
    if (Number(seq) !== expected || Number(number) !== expected) {
      this.#violation ??= `Conversation ${key}: number ${expected} was expected; ${number} came, as ${seq}.`;
    }
    this.#arrivedOf[conversation] = Number(seq) + 1;
    this.arrivals.push({
      conversation,
      partition,
      sentMs: Number(sent),
      arrivedMs: performance.now(),
    });
  }
}

const END_WAIT_MS = 60_000;

/** The partition where a conversation of the load lives. */
export function homeOf(conversation: number, partitionCount: number): number {
  return homePartition(Buffer.from(`conversation-${conversation}`), partitionCount);
}
