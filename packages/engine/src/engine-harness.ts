import {
  MemoryJournal,
  MemoryJournalFaults,
  MemoryJournalStore,
  type Journal,
} from '@chat-cluster/journal';
import { assert, ManualTimers, sleep, systemTimers, type Timers } from '@chat-cluster/kernel';
import {
  homePartition,
  MemoryBroker,
  MemoryLog,
  type FetchedRecord,
  type Log,
  type MemoryApi,
  type MemoryBrokerOptions,
  type OutgoingRecord,
} from '@chat-cluster/log';
import type { EngineLimits } from './engine-limits.ts';
import type { EntityDefinition } from './entity/entity-definition.ts';
import type { FormerOwners } from './hand-over/former-owners.ts';
import type { RecordPosition } from './shard/shard-context.ts';
import { Worker } from './worker.ts';

/** Virtual time that a wait may take before the test fails. */
const WAIT_MAX_MS = 60_000;
/** Virtual time between two looks at a topic. */
const POLL_MS = 10;
/** Turns of the event loop in which promises may settle before time moves on. */
const SETTLE_TURNS = 2;

/** One node of a test: its own log client and journal client on the shared broker and store. */
export type HarnessNode = {
  readonly name: string;
  readonly log: MemoryLog;
  readonly worker: () => Worker<CounterState, CounterCommand, CounterEvent>;
  readonly fatal: () => Error | undefined;
  /** As when its process is killed: nothing of it runs on, what it has sent may still arrive. */
  readonly die: () => void;
  readonly replies: { readonly position: RecordPosition; readonly reply: unknown }[];
};

export type NodeOptions = {
  readonly limits?: Partial<EngineLimits>;
  /** Default: nobody answers. */
  readonly isAlive?: () => Promise<boolean>;
  /** What the worker gets in the place of its log. */
  readonly log?: (log: Log) => Log;
  /** Default: nobody gives any states. */
  readonly formerOwners?: FormerOwners;
  /** The same for its journal. */
  readonly journal?: (journal: Journal) => Journal;
};

export type CounterState = { total: number };
export type CounterCommand = { readonly add: number } | { readonly sumOfLast: number };
export type CounterEvent = { readonly added: number; readonly total: number };

/**
 * An entity for tests: `{"id", "add"}` adds a number and puts the total out; `{"id", "sumOfLast"}` asks the history; the number 13 makes its code throw in decide, 14 in evolve,
 * as long as `isBroken`. The question `"total"` is answered with the total, a number with the sum of so many last additions.
 */
export class CounterDefinition {
  isBroken = true;

  readonly definition: EntityDefinition<CounterState, CounterCommand, CounterEvent> = {
    type: 'counter',
    inputs: {
      add: (record) => {
        const parsed: unknown = JSON.parse(
          Buffer.from(record.value ?? new Uint8Array()).toString(),
        );
        assert(typeof parsed === 'object' && parsed !== null, 'Test inputs are objects.');
        const { id, add } = parsed as Record<string, unknown>;
        return typeof id === 'string' && typeof add === 'number'
          ? { ok: true, entityId: id, command: { add } }
          : { ok: false, code: 'invalid', reason: 'id and add are needed' };
      },
      ask: (record) => {
        const { id, sumOfLast } = JSON.parse(Buffer.from(record.value ?? []).toString()) as {
          id: string;
          sumOfLast: number;
        };
        return { ok: true, entityId: id, command: { sumOfLast } };
      },
    },
    outputTopics: ['totals', 'answers'],
    deadLetterTopic: 'dead',
    initialState: () => ({ total: 0 }),
    decide: (state, command, { entityId, seqNext }) => {
      if ('sumOfLast' in command) {
        return {
          kind: 'history',
          seqBefore: seqNext,
          countMax: command.sumOfLast,
          resume: (events) => ({
            kind: 'decided',
            events: [],
            outputs: [
              output('answers', entityId, {
                id: entityId,
                count: command.sumOfLast,
                sum: events.reduce((sum, { event }) => sum + event.added, 0),
              }),
            ],
          }),
        };
      }
      if (command.add === 13 && this.isBroken) throw new Error('thirteen is unlucky');
      const total = state.total + command.add;
      return {
        kind: 'decided',
        events: [{ added: command.add, total }],
        outputs: [output('totals', entityId, { id: entityId, total })],
        reply: total,
      };
    },
    answer: (state, question, { entityId, seqNext }) => {
      const asked: unknown = JSON.parse(Buffer.from(question).toString());
      if (asked === 'total') return answer({ id: entityId, total: state.total });
      if (typeof asked !== 'number') return { kind: 'refused', reason: 'That is no question.' };
      return {
        kind: 'history',
        seqBefore: seqNext,
        countMax: asked,
        resume: (events) =>
          answer({ sum: events.reduce((sum, { event }) => sum + event.added, 0) }),
      };
    },
    evolve: (state, event) => {
      if (event.added === 14 && this.isBroken) throw new Error('fourteen cannot be applied');
      state.total += event.added;
      return state;
    },
    encodeEvent: (event) => Buffer.from(JSON.stringify(event)),
    decodeEvent: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as CounterEvent,
    encodeState: (state) => Buffer.from(JSON.stringify(state)),
    decodeState: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as CounterState,
    stateSizeBytes: () => 16,
  };
}

function answer(value: unknown) {
  return { kind: 'answer', bytes: Buffer.from(JSON.stringify(value)) } as const;
}

function output(topic: string, key: string, value: unknown) {
  return { topic, key, value: Buffer.from(JSON.stringify(value)) };
}

/** Several workers on one memory broker and one journal store, in virtual time. */
export class EngineHarness {
  readonly timers = new ManualTimers();
  readonly broker: MemoryBroker;
  store = new MemoryJournalStore();
  readonly journalFaults = new MemoryJournalFaults();
  readonly counter = new CounterDefinition();
  readonly reports: string[] = [];
  readonly partitionCount: number;
  /** Sent with each add, to make its record larger. */
  filler: string | undefined;
  readonly #outside: MemoryLog;
  readonly #limits: Partial<EngineLimits>;
  readonly #definition: EntityDefinition<CounterState, CounterCommand, CounterEvent>;
  #clients = 0;

  constructor(
    options: {
      partitionCount?: number;
      limits?: Partial<EngineLimits>;
      broker?: Pick<MemoryBrokerOptions, 'network' | 'markerDelayMs'>;
      /** Functions of the counter that are other ones. */
      definition?: Partial<EntityDefinition<CounterState, CounterCommand, CounterEvent>>;
    } = {},
  ) {
    this.partitionCount = options.partitionCount ?? 4;
    this.#limits = options.limits ?? {};
    this.#definition = { ...this.counter.definition, ...options.definition };
    const { timers } = this;
    this.broker = new MemoryBroker({ clock: timers.clock, timers, ...options.broker });
    for (const topic of ['add', 'ask', 'control', 'counter_events', 'totals', 'answers']) {
      this.broker.createTopic({ topic, partitionCount: this.partitionCount });
    }
    this.broker.createTopic({ topic: 'dead', partitionCount: 1 });
    this.broker.createTopic({ topic: 'quarantine', partitionCount: 1 });
    this.#outside = new MemoryLog({ broker: this.broker, clientName: 'outside' });
  }

  get outside(): MemoryLog {
    return this.#outside;
  }

  async startNode(name: string, options: NodeOptions = {}): Promise<HarnessNode> {
    const log = new MemoryLog({ broker: this.broker, clientName: `${name}-${this.#clients++}` });
    let isAlive = true;
    const timers: Timers = {
      after: (delayMs, callback) => this.timers.after(delayMs, () => isAlive && callback()),
    };
    const journal = new MemoryJournal({ timers, store: this.store, faults: this.journalFaults });
    const replies: HarnessNode['replies'] = [];
    let fatal: Error | undefined;
    const starting = Worker.start({
      definition: this.#definition,
      groupId: 'counters',
      identity: { name, endpoint: `${name}:1` },
      log: options.log?.(log) ?? log,
      journal: options.journal?.(journal) ?? journal,
      controlTopic: 'control',
      quarantineTopic: 'quarantine',
      limits: { ...this.#limits, ...options.limits },
      clock: this.timers.clock,
      timers,
      report: (level, sentence, facts) => {
        this.reports.push(`${level}: ${sentence} ${JSON.stringify(facts ?? {})}`);
      },
      onReply: (position, reply) => replies.push({ position, reply }),
      ...(options.formerOwners && { formerOwners: options.formerOwners }),
      isAlive: options.isAlive ?? (() => Promise.resolve(false)),
      onFatal: (error) => {
        fatal = error;
      },
    });
    const worker = await this.settle(starting);
    const die = (): void => {
      isAlive = false;
      log.crash();
      void journal.close();
    };
    return { name, log, worker: () => worker, fatal: () => fatal, die, replies };
  }

  /** Lets virtual time pass until the promise has settled. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    void promise.then(
      () => (isSettled = true),
      () => (isSettled = true),
    );
    await this.until(() => isSettled, 'a promise to settle');
    return promise;
  }

  /** Lets virtual time pass until the condition holds. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const endMs = this.timers.clock.monotonicMs() + WAIT_MAX_MS;
    for (;;) {
      for (let turn = 0; turn < SETTLE_TURNS; turn++) {
        await sleep(systemTimers, 0);
      }
      if (condition()) return;
      assert(
        this.timers.clock.monotonicMs() < endMs,
        `Waited ${WAIT_MAX_MS} ms for ${what}.\n${this.reports.join('\n')}`,
      );
      this.timers.advance(this.timers.nextDueInMs() ?? 1);
    }
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.timers.clock.monotonicMs() + ms;
    await this.until(() => this.timers.clock.monotonicMs() >= endMs, 'time to pass');
  }

  /** Sends adds, to the entity's home unless a partition is named; resolves with the first offset. */
  async add(id: string, numbers: readonly number[], partition?: number): Promise<number> {
    const records = numbers.map((add) => ({
      key: Buffer.from(id),
      value: Buffer.from(JSON.stringify({ id, add, filler: this.filler })),
      headers: [],
    }));
    return this.send('add', id, records, partition);
  }

  async send(
    topic: string,
    id: string,
    records: readonly OutgoingRecord[],
    partition?: number,
  ): Promise<number> {
    const home = homePartition(Buffer.from(id), this.partitionCount);
    const producer = this.#outside.openProducer();
    const offset = await this.settle(
      producer.send({ topic, partition: partition ?? home }, records),
    );
    await this.settle(producer.close());
    return offset;
  }

  /** All committed records of a topic, partition by partition. */
  async read(topic: string): Promise<FetchedRecord[]> {
    const [described] = await this.settle(this.#outside.admin.describeTopics([topic]));
    assert(described !== undefined, `Topic ${topic} exists.`);
    const records: FetchedRecord[] = [];
    for (let partition = 0; partition < described.partitionCount; partition++) {
      records.push(...(await this.readPartition(topic, partition)));
    }
    return records;
  }

  /** The committed records of a partition, in order. */
  async readPartition(topic: string, partition: number): Promise<FetchedRecord[]> {
    const { admin } = this.#outside;
    const [described] = await this.settle(admin.describeTopics([topic]));
    assert(described !== undefined, `Topic ${topic} exists.`);
    const at = { topic, topicId: described.topicId, partition };
    const [offsetFrom = 0, offsetUntil = 0] = await this.settle(
      admin.listOffsets([
        { ...at, at: 'earliest' },
        { ...at, at: 'latest' },
      ]),
    );
    const records: FetchedRecord[] = [];
    const visit = (record: FetchedRecord): unknown => records.push(record);
    await this.settle(this.#outside.readRange({ ...at, offsetFrom, offsetUntil, visit }));
    return records;
  }

  /** The values of a topic's committed records, parsed. */
  async values(topic: string): Promise<unknown[]> {
    const records = await this.read(topic);
    return records.map(({ value }): unknown =>
      value === null ? null : JSON.parse(Buffer.from(value).toString()),
    );
  }

  /** The totals that were put out for an entity, in order. */
  async totalsOf(id: string): Promise<number[]> {
    const values = (await this.values('totals')) as { id: string; total: number }[];
    return values.filter((value) => value.id === id).map(({ total }) => total);
  }

  /** Waits until so many totals have been put out in all. */
  async untilTotals(count: number): Promise<void> {
    await this.untilCount('totals', count);
  }

  /** Waits until a topic has so many committed records. */
  async untilCount(topic: string, count: number): Promise<void> {
    const endMs = this.timers.clock.monotonicMs() + WAIT_MAX_MS;
    let found = 0;
    while ((found = (await this.read(topic)).length) < count) {
      assert(
        this.timers.clock.monotonicMs() < endMs,
        `Waited for ${count} records of ${topic}, found ${found}.\n${this.reports.join('\n')}`,
      );
      await this.pass(POLL_MS);
    }
    assert(found === count, `${topic} has ${found} records, not ${count}.`);
  }

  /** Sends an operator's command. */
  async control(command: { readonly entityId: string } & Record<string, unknown>): Promise<void> {
    const value = Buffer.from(JSON.stringify(command));
    const key = Buffer.from(command.entityId);
    await this.send('control', command.entityId, [{ key, value, headers: [] }]);
  }

  /** Asks an entity for the sum of its last additions. */
  async ask(id: string, sumOfLast: number): Promise<void> {
    const value = Buffer.from(JSON.stringify({ id, sumOfLast }));
    await this.send('ask', id, [{ key: Buffer.from(id), value, headers: [] }]);
  }

  /** The seqs of the rows of an entity in the journal. */
  seqsOf(id: string): number[] {
    return this.store.rows('counter', id).map(({ seq }) => seq);
  }

  /** The node dies when it has sent so many more requests of this kind: they have their effect, and whatever it sends later is lost. */
  dieAfter(node: HarnessNode, api: MemoryApi, count: number): void {
    let sentCount = 0;
    this.broker.network.faults = {
      decide: (call) => {
        if (call.client !== node.log.clientName) return { kind: 'pass' };
        if (sentCount >= count) return { kind: 'drop-request' };
        if (call.api === api) sentCount += 1;
        return { kind: 'pass' };
      },
    };
  }
}
