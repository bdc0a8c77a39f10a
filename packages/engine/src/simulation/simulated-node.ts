import {
  MemoryJournal,
  type MemoryJournalFaults,
  type MemoryJournalStore,
} from '@chat-cluster/journal';
import { sleep, type Timers } from '@chat-cluster/kernel';
import { MemoryLog, type MemoryBroker } from '@chat-cluster/log';
import type {
  CounterCommand,
  CounterDefinition,
  CounterEvent,
  CounterState,
} from '../engine-harness.ts';
import type { EngineLimits } from '../engine-limits.ts';
import type { FormerOwners } from '../hand-over/former-owners.ts';
import type { Report } from '../management/report.ts';
import type { RecordPosition } from '../shard/shard-context.ts';
import { Worker } from '../worker.ts';

/** What a simulated node stands on; shared by all of them. */
export type SimulatedMachine = {
  readonly broker: MemoryBroker;
  readonly store: MemoryJournalStore;
  readonly journalFaults: MemoryJournalFaults;
  readonly counter: CounterDefinition;
  readonly limits: Partial<EngineLimits>;
  readonly onReply: (position: RecordPosition, reply: unknown) => void;
  readonly report: Report;
  readonly formerOwners: FormerOwners;
};

/** How long a supervisor waits before it starts a process again that could not start. */
const RESTART_MS = 500;

/** One process of a node: it starts (again, until it can), runs, and ends by a stop, a crash or an error of its own. */
export class SimulatedNode {
  readonly name: string;
  readonly clientName: string;
  readonly #machine: SimulatedMachine;
  readonly #log: MemoryLog;
  readonly #journal: MemoryJournal;
  readonly #timers: Timers;
  #worker: Worker<CounterState, CounterCommand, CounterEvent> | undefined;
  #phase: 'starting' | 'running' | 'stopping' | 'ended' = 'starting';

  constructor(machine: SimulatedMachine, names: { name: string; clientName: string }) {
    this.#machine = machine;
    this.name = names.name;
    this.clientName = names.clientName;
    const { timers } = machine.broker;
    this.#timers = {
      after: (delayMs, callback) =>
        timers.after(delayMs, () => {
          if (this.#phase !== 'ended') callback();
        }),
    };
    this.#log = new MemoryLog({ broker: machine.broker, clientName: names.clientName });
    this.#journal = new MemoryJournal({
      timers: this.#timers,
      store: machine.store,
      faults: machine.journalFaults,
    });
  }

  get phase(): 'starting' | 'running' | 'stopping' | 'ended' {
    return this.#phase;
  }

  get worker(): Worker<CounterState, CounterCommand, CounterEvent> | undefined {
    return this.#worker;
  }

  /** Resolves when it runs, or has ended before. */
  async start(): Promise<void> {
    const { broker, counter, formerOwners, limits, onReply, report } = this.#machine;
    while (this.#phase === 'starting') {
      try {
        this.#worker = await Worker.start({
          definition: counter.definition,
          groupId: 'counters',
          identity: { name: this.name, endpoint: `${this.name}:1` },
          log: this.#log,
          journal: this.#journal,
          controlTopic: 'control',
          quarantineTopic: 'quarantine',
          limits,
          clock: broker.clock,
          timers: this.#timers,
          report: (level, sentence, facts) =>
            report(level, `${this.clientName}: ${sentence}`, facts),
          formerOwners,
          onReply,
          onFatal: () => this.crash(),
        });
        if (this.#phase === 'starting') this.#phase = 'running';
      } catch (error) {
        report('warn', `${this.clientName}: did not start`, { error: String(error) });
        await sleep(this.#timers, RESTART_MS);
      }
    }
  }

  /** A planned stop; resolves when the process has ended. */
  async stop(): Promise<void> {
    if (this.#phase !== 'running') return;
    this.#phase = 'stopping';
    await this.#worker?.stop();
    this.crash();
  }

  /** The process dies: nothing of it runs on, what it has sent may still arrive. */
  crash(): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#log.crash();
    void this.#journal.close();
  }

  breakConnections(): void {
    this.#log.breakConnections();
  }
}
