import { MemoryBroker, type MemoryBrokerOptions } from './memory-broker.ts';
import { MemoryLog } from './memory-log.ts';
import type { MemoryApi, MemoryCall, MemoryFault } from './memory-network.ts';
import type { FetchedRecord, OutgoingRecord, TopicPartition } from './record.ts';
import { VirtualTime } from './virtual-time.ts';

/** A memory broker in virtual time, whose next requests can be told their fates; for tests. */
export class MemoryRun extends VirtualTime {
  readonly broker: MemoryBroker;
  /** Every request that was sent, with its sender. */
  readonly calls: MemoryCall[] = [];
  /** Fates of the next requests by API; the rest passes. */
  readonly #fates = new Map<MemoryApi, MemoryFault[]>();
  readonly #outside: MemoryLog;

  constructor(options: Partial<MemoryBrokerOptions> = {}) {
    super();
    const { timers } = this;
    const faults = { decide: (call: MemoryCall): MemoryFault => this.#decide(call) };
    const network = { faults, ...options.network };
    this.broker = new MemoryBroker({ clock: timers.clock, timers, ...options, network });
    this.#outside = new MemoryLog({ broker: this.broker, clientName: 'outside' });
  }

  openLog(clientName: string): MemoryLog {
    return new MemoryLog({ broker: this.broker, clientName });
  }

  /** What happens to the next requests of this API. */
  next(api: MemoryApi, ...faults: readonly MemoryFault[]): void {
    this.#fates.set(api, [...(this.#fates.get(api) ?? []), ...faults]);
  }

  /** How many requests of this API have been sent. */
  countOf(api: MemoryApi): number {
    return this.calls.filter((call) => call.api === api).length;
  }

  /** The committed texts of a partition. */
  async texts(at: TopicPartition): Promise<string[]> {
    const { admin } = this.#outside;
    const [described] = await this.settle(admin.describeTopics([at.topic]));
    const [offsetUntil] = await this.settle(admin.listOffsets([{ ...at, at: 'latest' }]));
    const texts: string[] = [];
    const visit = (record: FetchedRecord): void => {
      texts.push(textOf(record));
    };
    const { topicId } = described!;
    const range = { ...at, topicId, offsetFrom: 0, offsetUntil: offsetUntil!, visit };
    await this.settle(this.#outside.readRange(range));
    return texts;
  }

  #decide(call: MemoryCall): MemoryFault {
    this.calls.push(call);
    return this.#fates.get(call.api)?.shift() ?? { kind: 'pass' };
  }
}

/** A record whose value is a text. */
export function recordOf(text: string): OutgoingRecord {
  return { key: null, value: new TextEncoder().encode(text), headers: [] };
}

function textOf({ value }: FetchedRecord): string {
  return new TextDecoder().decode(value ?? undefined);
}
