import { instantMessageIn, latestMessagesRequest } from '@chat-cluster/contract';
import { type Random, seededRandom, unreachable } from '@chat-cluster/kernel';
import { homePartition, type Log, type OutgoingRecord, type Producer } from '@chat-cluster/log';

export type LoadOptions = {
  readonly log: Log;
  readonly partitionCount: number;
  readonly conversationCount: number;
  /** On average, bursts included. */
  readonly messagesPerSecond: number;
  readonly seed: number;
  /** Default: what people and broken clients send. */
  readonly mix?: LoadMix;
  /** Of a body, three bytes each, and each shorter length is as likely. Default 60. */
  readonly bodyCharsMax?: number;
};

/** What was acknowledged, by what it was. */
export type LoadCounts = Record<
  'plain' | 'withId' | 'repeated' | 'stray' | 'invalid' | 'request',
  number
>;

type Kind = keyof LoadCounts;

/** Of a hundred records, how many are of each kind. */
export type LoadMix = Readonly<Record<Kind, number>>;

/** Each is acknowledged, decided at once, and leads to one message. */
export const messagesAlone: LoadMix = {
  plain: 100,
  withId: 0,
  repeated: 0,
  stray: 0,
  invalid: 0,
  request: 0,
};

const EVERYTHING: LoadMix = {
  plain: 70,
  withId: 12,
  repeated: 6,
  stray: 6,
  invalid: 3,
  request: 3,
};

type Addressed = {
  readonly topic: string;
  readonly partition: number;
  readonly record: OutgoingRecord;
};

const BODY_CHARS_MAX = 60;
const TICK_MS = 10;
/** Every two seconds a quarter of the messages comes at once. */
const BURST_EVERY_TICKS = 200;
const BURST_SHARE = 0.25;
/** How far back a repeated id reaches: well within the thousand messages that must be known. */
const REPEATED_BACK_MAX = 20;

/** Sends what people and broken clients send, at a steady pace with bursts, until it is stopped; nodes may come and go meanwhile. */
export class Load {
  readonly counts: LoadCounts = {
    plain: 0,
    withId: 0,
    repeated: 0,
    stray: 0,
    invalid: 0,
    request: 0,
  };
  readonly #options: LoadOptions;
  readonly #random: Random;
  readonly #producer: Producer;
  readonly #unanswered = new Set<Promise<void>>();
  /** Of each conversation, the latest messages that had an id. */
  readonly #identified = new Map<string, Uint8Array[]>();
  #number = 0;
  #isStopped = false;
  #sentBytes = 0;
  #failedCount = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#producer = options.log.openProducer();
  }

  /** Records of the input topic that were acknowledged. */
  get messageCount(): number {
    const { plain, withId, repeated, stray, invalid } = this.counts;
    return plain + withId + repeated + stray + invalid;
  }

  /** Of values; acknowledged or not. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Records that may have been written or not: their broker was away for too long. */
  get failedCount(): number {
    return this.#failedCount;
  }

  /** Resolves when it was stopped and everything has been answered. */
  async run(): Promise<void> {
    const { messagesPerSecond } = this.#options;
    const startMs = performance.now();
    const burst = (messagesPerSecond * BURST_SHARE * BURST_EVERY_TICKS * TICK_MS) / 1_000;
    for (let tick = 1, sent = 0; !this.#isStopped; tick += 1) {
      const bursts = Math.floor(tick / BURST_EVERY_TICKS) * burst;
      const due = (tick * TICK_MS * messagesPerSecond * (1 - BURST_SHARE)) / 1_000 + bursts;
      for (; sent < due; sent += 1) this.#sendOne();
      const waitMs = startMs + tick * TICK_MS - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
    }
    await Promise.all(this.#unanswered);
    await this.#producer.close();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #sendOne(): void {
    this.#number += 1;
    const kind = this.#nextKind();
    const { topic, partition, record } = this.#make(kind);
    this.#sentBytes += record.value?.byteLength ?? 0;
    const answered = this.#producer.send({ topic, partition }, [record]).then(
      () => void (this.counts[kind] += 1),
      () => void (this.#failedCount += 1),
    );
    this.#unanswered.add(answered);
    void answered.then(() => this.#unanswered.delete(answered));
  }

  #nextKind(): Kind {
    const { mix = EVERYTHING } = this.#options;
    let left = this.#random.below(100);
    for (const [kind, share] of Object.entries(mix) as [Kind, number][]) {
      if (left < share) return kind;
      left -= share;
    }
    throw new RangeError('The shares of a mix are a hundred together.');
  }

  #make(kind: Kind): Addressed {
    const { conversationCount, partitionCount } = this.#options;
    const conversationKey = `conversation-${this.#random.below(conversationCount)}`;
    const home = homePartition(Buffer.from(conversationKey), partitionCount);
    switch (kind) {
      case 'request':
        return this.#request(conversationKey, home);
      case 'invalid':
        return this.#toInput(this.#random.below(partitionCount), conversationKey, this.#invalid());
      case 'stray': {
        const partition = (home + 1 + this.#random.below(partitionCount - 1)) % partitionCount;
        const key = this.#random.below(2) === 0 ? null : conversationKey;
        return this.#toInput(partition, key, this.#message(conversationKey));
      }
      case 'withId': {
        const message = this.#message(conversationKey, `id-${this.#number}`);
        this.#remember(conversationKey, message);
        return this.#toInput(home, conversationKey, message);
      }
      case 'repeated': {
        const known = this.#identified.get(conversationKey);
        const again = known?.[this.#random.below(known.length)];
        return this.#toInput(home, conversationKey, again ?? this.#message(conversationKey));
      }
      case 'plain':
        return this.#toInput(home, conversationKey, this.#message(conversationKey));
      default:
        return unreachable(kind, 'Kind of record');
    }
  }

  #message(conversationKey: string, messageId?: string): Uint8Array {
    const sender = SENDERS[this.#random.below(SENDERS.length)] ?? '';
    const recipients = SENDERS.filter((each) => each !== sender);
    const { bodyCharsMax = BODY_CHARS_MAX } = this.#options;
    const body = `${this.#number} ${'…'.repeat(this.#random.below(bodyCharsMax))}`;
    return instantMessageIn.encode({ conversationKey, sender, recipients, body, messageId });
  }

  #remember(conversationKey: string, message: Uint8Array): void {
    const known = this.#identified.get(conversationKey) ?? [];
    this.#identified.set(conversationKey, [...known.slice(1 - REPEATED_BACK_MAX), message]);
  }

  #invalid(): Uint8Array | null {
    const kinds = [
      Buffer.from('{"conversationKey":'),
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.from('[]'),
      Buffer.from('{"conversationKey":"c","sender":7,"recipients":[],"body":""}'),
      Buffer.from('{"conversationKey":"c","recipients":[],"body":"no sender"}'),
      Buffer.from(
        `{"conversationKey":"${'k'.repeat(300)}","sender":"s","recipients":[],"body":"long key"}`,
      ),
      null,
    ];
    return kinds[this.#random.below(kinds.length)] ?? null;
  }

  #request(conversationKey: string, home: number): Addressed {
    const numMsgs = 1 + this.#random.below(50);
    const value = latestMessagesRequest.encode({ conversationKey, numMsgs });
    const record = { key: Buffer.from(conversationKey), value, headers: [] };
    return { topic: latestMessagesRequest.name, partition: home, record };
  }

  #toInput(partition: number, key: string | null, value: Uint8Array | null): Addressed {
    const record = { key: key === null ? null : Buffer.from(key), value, headers: [] };
    return { topic: instantMessageIn.name, partition, record };
  }
}

const SENDERS = ['ann', 'bob', 'çağla', '大'];
