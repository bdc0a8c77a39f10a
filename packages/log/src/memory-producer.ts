import { sleep } from '@chat-cluster/kernel';
import { LogError } from './log-error.ts';
import type { Producer } from './log.ts';
import { isLost, toLogError } from './memory-broker-error.ts';
import type { MemoryBroker } from './memory-broker.ts';
import type { MemoryConnection } from './memory-connection.ts';
import type { IncomingRecord } from './memory-partition.ts';
import type { TopicPartition } from './record.ts';

/** The calls for one partition go one after the other. */
type Line = { tail: Promise<unknown>; sequenceNext: number; producerId: number };

/** The `Producer` of a `MemoryLog`. A batch whose answer was lost is sent again; the broker knows it by its sequence. */
export class MemoryProducer implements Producer {
  readonly #broker: MemoryBroker;
  readonly #connection: MemoryConnection;
  readonly #lines = new Map<string, Line>();
  #isClosed = false;

  constructor({ broker, connection }: { broker: MemoryBroker; connection: MemoryConnection }) {
    this.#broker = broker;
    this.#connection = connection;
  }

  send(to: TopicPartition, records: readonly IncomingRecord[]): Promise<number> {
    const line = this.#lineOf(to);
    const sent = line.tail.then(() => this.#deliver(line, to, records));
    line.tail = sent.catch(() => {}); // its own caller hears of it; the next call goes on
    return sent;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  async #deliver(
    line: Line,
    to: TopicPartition,
    records: readonly IncomingRecord[],
  ): Promise<number> {
    const giveUpMs = this.#broker.clock.monotonicMs() + DELIVERY_TIMEOUT_MS;
    for (;;) {
      if (this.#isClosed) throw new LogError('closed', 'This producer was closed.');
      try {
        const stamp = { producerId: line.producerId, epoch: 0, baseSequence: line.sequenceNext };
        const request = { to, records, stamp, transactionalId: undefined };
        const offset = await this.#connection.call('Produce', () => this.#broker.produce(request));
        line.sequenceNext += records.length;
        return offset;
      } catch (error) {
        if (!isLost(error)) throw toLogError(error);
        if (this.#broker.clock.monotonicMs() >= giveUpMs) {
          this.#lines.delete(keyOf(to)); // whether it was appended is unknown, so is the next sequence
          throw error;
        }
      }
      await sleep(this.#broker.timers, RETRY_BACKOFF_MS);
    }
  }

  /** Each line is a producer of its own: a line that is given up takes no other one with it. */
  #lineOf(to: TopicPartition): Line {
    const key = keyOf(to);
    let line = this.#lines.get(key);
    if (!line) {
      const producerId = this.#broker.transactions.newProducerId();
      line = { tail: Promise.resolve(), sequenceNext: 0, producerId };
      this.#lines.set(key, line);
    }
    return line;
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

const DELIVERY_TIMEOUT_MS = 30_000;
const RETRY_BACKOFF_MS = 50;
