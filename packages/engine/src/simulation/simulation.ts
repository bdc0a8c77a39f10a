import { assert, seededRandom, type Random } from '@chat-cluster/kernel';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness } from '../engine-harness.ts';
import type { EngineLimits } from '../engine-limits.ts';
import { drawLimits } from './draw-limits.ts';
import { assertOneAnswers, auditQueries } from './query-audit.ts';
import { SimulatedAskers, type Asked } from './simulated-askers.ts';
import { SimulatedFormerOwners } from './simulated-former-owners.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { SimulatedNode } from './simulated-node.ts';
import { SimulatedStore } from './simulated-store.ts';
import { SimulatedWatcher } from './simulated-watcher.ts';
import {
  ADD_TOPIC_ID,
  auditHistory,
  EDITED_NUMBER,
  isSettled,
  type Sent,
} from './simulation-audit.ts';
import { auditWhatWasSeen, type SeenReply } from './visibility-audit.ts';

const NODES_MAX = 3;
const IDS = Array.from({ length: 12 }, (_, index) => `id-${index}`);
/** Virtual time in which everything must be in order again once all is well. */
const RECOVERY_MAX_MS = 180_000;
const RETRY_EVERY_MS = 4_000;
const WATCHERS = 4;
/** Each tries the nodes in turn, and stays at a wrong one for no time. */
const WATCHERS_SETTLE_MS = 15_000;
const LEASE_LOOK_MS = 7;
/** After this, states of former owners that nobody needed are given back, too. */
const GIVEN_BACK_MS = 7_000;

/**
 * Runs nodes, senders and misfortunes that a seed draws, then lets all be well and compares what came out with what went in. Deterministic.
 * Rejects with what was wrong and the reports of the run.
 */
export async function simulate(seed: number): Promise<Simulation> {
  const simulation = new Simulation(seed);
  try {
    await simulation.misfortunes();
    await simulation.recovery();
    await auditHistory(simulation.harness, simulation.sent);
    await auditWhatWasSeen(simulation.harness, simulation);
    const { areMarkersPrompt, askers, harness, watchers } = simulation;
    await auditQueries(harness, { asked: askers.asked, watchers, areMarkersPrompt });
  } catch (error) {
    const { reports } = simulation.harness;
    throw new Error(`Seed ${seed}:\n${String(error)}\n${reports.join('\n')}`, { cause: error });
  }
  return simulation;
}

class Simulation {
  readonly harness: EngineHarness;
  readonly sent: Sent = { ids: IDS, adds: 0, asks: 0, unreadable: 0 };
  readonly replies: SeenReply[] = [];
  readonly store = new SimulatedStore();
  readonly askers: SimulatedAskers;
  readonly watchers: readonly SimulatedWatcher[];
  readonly areMarkersPrompt: boolean;
  readonly #random: Random;
  readonly #network: SimulatedNetwork;
  readonly #formerOwners: SimulatedFormerOwners;
  readonly #limits: Partial<EngineLimits>;
  /** Nodes come and go as planned, all the time, and little else happens: shards move with their states. */
  readonly #isRestless: boolean;
  #nodes: SimulatedNode[] = [];
  #processes = 0;
  #isOver = false;
  #leaseFailure: Error | undefined;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#network = new SimulatedNetwork(this.#random);
    this.#isRestless = this.#random.below(3) === 0;
    this.#limits = drawLimits((choices) => this.#pick(choices));
    const markerDelayMaxMs = this.#pick([1, 1, 20, 300]);
    this.areMarkersPrompt = markerDelayMaxMs === 1;
    this.harness = new EngineHarness({
      partitionCount: this.#pick([1, 3, 4]),
      broker: {
        network: this.#network.options,
        markerDelayMs: () => this.#random.below(markerDelayMaxMs),
      },
    });
    this.harness.store = this.store;
    this.#formerOwners = new SimulatedFormerOwners({
      random: this.#random,
      timers: this.harness.timers,
      processes: (endpoint) => this.#processAt(endpoint),
    });
    this.askers = new SimulatedAskers(this.harness, this.#random);
    this.watchers = IDS.slice(0, WATCHERS).map(
      (id) => new SimulatedWatcher(this.harness, this.#random, id),
    );
    for (const watcher of this.watchers) void watcher.run(() => this.#nodes);
    this.#lookAtLeases();
  }

  /** Entities that went on with the state that a former owner gave. */
  get handedOverCount(): number {
    const counts = this.#nodes.map(({ worker }) => worker?.counters.entitiesHandedOver ?? 0);
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Things happen for a while. */
  async misfortunes(): Promise<void> {
    const durationMs = 5_000 + this.#random.below(40_000);
    const endMs = this.harness.timers.clock.monotonicMs() + durationMs;
    this.#startNode('n0');
    while (this.harness.timers.clock.monotonicMs() < endMs) {
      await this.#step();
      await this.harness.pass(this.#random.below(this.#pick([20, 200, 1_500])));
      this.#assertNoneStopped();
    }
  }

  /** All is well again, the code mended and deployed: everything must be processed in the end. */
  async recovery(): Promise<void> {
    const { harness } = this;
    this.#isOver = true;
    this.#network.heal();
    for (const { clientName } of this.#nodes) harness.broker.network.heal(clientName);
    harness.journalFaults.heal();
    harness.counter.isBroken = false;
    for (const node of this.#nodes) {
      if (this.#random.below(2) === 0) node.crash();
      else void node.stop();
    }
    this.#startNode('mended-0');
    this.#startNode('mended-1');
    const endMs = harness.timers.clock.monotonicMs() + RECOVERY_MAX_MS;
    for (;;) {
      for (const entityId of IDS) await harness.control({ entityId, action: 'retry' });
      await harness.pass(RETRY_EVERY_MS);
      this.#assertNoneStopped();
      if (await isSettled(harness, this.sent)) break;
      assert(harness.timers.clock.monotonicMs() < endMs, 'Everything is processed in the end.');
    }
    await this.#assertBudgets();
    await this.#assertAnswers();
  }

  /** All is well: every entity is answered for, by one node, and whoever watches has seen everything after a while. */
  async #assertAnswers(): Promise<void> {
    const shards = () =>
      this.#nodes.flatMap(({ phase, worker }) =>
        phase === 'running' ? (worker?.shards() ?? []) : [],
      );
    await this.harness.until(
      () => shards().filter(({ mayAnswer }) => mayAnswer).length === this.harness.partitionCount,
      'an owner of each shard that may answer',
    );
    const asked: Asked[] = [];
    for (const id of IDS) {
      for (const node of this.#nodes) {
        const one = this.askers.askCurrent(node, id);
        if (one !== undefined) asked.push(one);
      }
    }
    await this.harness.pass(WATCHERS_SETTLE_MS);
    for (const id of IDS) {
      const answers = asked.filter(
        ({ entityId, outcome }) => entityId === id && outcome?.kind === 'answered',
      );
      assert(answers.length === 1, `${id} is answered for ${answers.length} times.`);
    }
    this.askers.assertAllSettled();
  }

  /** What was taken of the budgets was given back: once everything is committed and journaled nothing is held. */
  async #assertBudgets(): Promise<void> {
    await this.harness.pass(GIVEN_BACK_MS);
    for (const { phase, worker } of this.#nodes) {
      if (phase !== 'running' || worker === undefined) continue;
      assert(worker.decidedBytes === 0, 'What was decided has been given back.');
      assert(worker.backlogBytes === 0, 'The backlog has been given back.');
      const { recordsDecided, recordsFetched, recordsLeft } = worker.counters;
      assert(
        recordsFetched === recordsDecided + recordsLeft,
        'What was fetched here has been decided here, or left to another owner.',
      );
      const entityCount = worker.shards().reduce((sum, shard) => sum + shard.entityCount, 0);
      assert(entityCount > 0 || worker.entityBytes === 0, 'The entities have been given back.');
    }
  }

  async #step(): Promise<void> {
    const often = this.#isRestless ? 12 : 2;
    const rarely = this.#isRestless ? 0 : 2;
    const actions: readonly [weight: number, action: () => unknown][] = [
      [30, () => this.#add()],
      [4, () => this.#ask()],
      [20, () => this.#query()],
      [1, () => this.#sendUnreadable()],
      [2, () => this.harness.control({ entityId: this.#pick(IDS), action: 'retry' })],
      [2, () => this.#operate()],
      [2, () => (this.harness.counter.isBroken = this.#random.below(2) === 0)],
      [often + 1, () => this.#startNode(`n${this.#random.below(NODES_MAX)}`)],
      [rarely, () => this.#anyNode()?.crash()],
      [often, () => void this.#anyNode()?.stop()],
      [rarely, () => this.#anyNode()?.breakConnections()],
      [rarely, () => this.#cutOff()],
      [rarely, () => this.#slowDown()],
      [rarely, () => this.#troubleNetwork()],
      [2 * rarely, () => this.#troubleJournal()],
    ];
    let drawn = this.#random.below(actions.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, action] of actions) {
      drawn -= weight;
      if (drawn < 0) return void (await action());
    }
  }

  async #add(): Promise<void> {
    const id = this.#pick(IDS);
    const count = 1 + this.#random.below(this.#pick([2, 5, 40]));
    const numbers = Array.from({ length: count }, () => this.#pick(NUMBERS));
    this.sent.adds += count;
    this.harness.filler = 'x'.repeat(this.#pick([0, 0, 500, 9_000]));
    const partition = this.#partitionFor(id);
    const offset = await this.harness.add(id, numbers, partition);
    const home = homePartition(Buffer.from(id), this.harness.partitionCount);
    if (partition === home) this.askers.sent(id, ADD_TOPIC_ID, offset + count);
  }

  /** Asks some node, mostly one that is not the owner. */
  #query(): void {
    const id = this.#pick(IDS);
    for (const node of [...this.#nodes]) {
      if (this.#random.below(3) > 0) this.askers.ask(node, id);
    }
  }

  #lookAtLeases(): void {
    this.harness.timers.after(LEASE_LOOK_MS, () => {
      try {
        assertOneAnswers(this.#nodes);
      } catch (error) {
        this.#leaseFailure ??= error as Error;
      }
      this.#lookAtLeases();
    });
  }

  async #ask(): Promise<void> {
    this.sent.asks += 1;
    await this.harness.ask(this.#pick(IDS), 1 + this.#random.below(5));
  }

  /** An operator looks at the quarantine list, and skips or edits the first record of an entity. */
  async #operate(): Promise<void> {
    const listed = (await this.harness.values('quarantine')) as (Listed | null)[];
    const entry = listed[this.#random.below(listed.length + 1)];
    const first = entry?.parked[0];
    if (!entry || !first || first.topic !== 'add') return;
    const { topicId, partition, offset } = first;
    const position = { topicId, partition, offset };
    const { entityId } = entry;
    const value = JSON.stringify({ id: entityId, add: EDITED_NUMBER });
    const command = this.#pick([{ action: 'skip' }, { action: 'edit', value }]);
    await this.harness.control({ entityId, position, ...command });
  }

  async #sendUnreadable(): Promise<void> {
    this.sent.unreadable += 1;
    const record = { key: null, value: Buffer.from('not JSON'), headers: [] };
    const partition = this.#random.below(this.harness.partitionCount);
    await this.harness.send('add', '', [record], partition);
  }

  /** Mostly its home. */
  #partitionFor(id: string): number {
    const { partitionCount } = this.harness;
    if (this.#random.below(5) === 0) return this.#random.below(partitionCount);
    return homePartition(Buffer.from(id), partitionCount);
  }

  /** A name that runs already may be started once more: by mistake. */
  #startNode(name: string): void {
    this.#nodes = this.#nodes.filter(({ phase }) => phase !== 'ended');
    const isTwin = this.#nodes.some((node) => node.name === name);
    if (isTwin && this.#random.below(8) > 0) return;
    this.#processes += 1;
    const { broker, store, journalFaults, counter, reports } = this.harness;
    const node = new SimulatedNode(
      {
        broker,
        store,
        journalFaults,
        counter,
        limits: this.#limits,
        formerOwners: this.#formerOwners,
        onReply: (position, reply) => this.replies.push({ position, reply }),
        report: (level, sentence, facts) => {
          const ms = Math.round(this.harness.timers.clock.monotonicMs());
          reports.push(`${ms} ${level}: ${sentence} ${JSON.stringify(facts ?? {})}`);
        },
      },
      { name, clientName: `${name}-${this.#processes}` },
    );
    this.#nodes.push(node);
    void node.start();
  }

  /** What lives there now. */
  #processAt(endpoint: string): SimulatedNode['worker'] {
    const isThere = ({ name, phase }: SimulatedNode): boolean =>
      phase !== 'ended' && `${name}:1` === endpoint;
    return this.#nodes.findLast(isThere)?.worker;
  }

  #anyNode(): SimulatedNode | undefined {
    const running = this.#nodes.filter(({ phase }) => phase !== 'ended');
    return running[this.#random.below(Math.max(1, running.length))];
  }

  #cutOff(): void {
    const node = this.#anyNode();
    if (node === undefined) return;
    const { network } = this.harness.broker;
    network.cut(node.clientName);
    this.#later(12_000, () => network.heal(node.clientName));
  }

  #slowDown(): void {
    const node = this.#anyNode();
    if (node === undefined) return;
    this.#network.slowMs.set(node.clientName, this.#pick([50, 500, 5_000]));
    this.#later(8_000, () => this.#network.slowMs.delete(node.clientName));
  }

  #troubleNetwork(): void {
    this.#network.faultOneIn = this.#pick([3, 10, 30]);
    this.#later(6_000, () => (this.#network.faultOneIn = 0));
  }

  #troubleJournal(): void {
    const { journalFaults } = this.harness;
    const kind = this.#random.below(3);
    if (kind === 0) {
      journalFaults.isDown = true;
      this.#later(10_000, () => (journalFaults.isDown = false));
    } else if (kind === 1) {
      journalFaults.delayMs = this.#random.below(300);
      this.#later(10_000, () => (journalFaults.delayMs = 0));
    } else {
      for (let count = 0; count < 10; count++) {
        const written = this.#pick(['nothing', 'rows', 'everything'] as const);
        journalFaults.failNextWrites({ written, landsAfterMs: this.#random.below(5_000) });
      }
    }
  }

  #later(delayMaxMs: number, action: () => unknown): void {
    this.harness.timers.after(this.#random.below(delayMaxMs), () => {
      if (!this.#isOver) action();
    });
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[this.#random.below(choices.length)];
    assert(choice !== undefined, 'There is something to choose from.');
    return choice;
  }

  #assertNoneStopped(): void {
    if (this.#leaseFailure !== undefined) throw this.#leaseFailure;
    for (const { worker, clientName } of this.#nodes) {
      for (const { phase, reason } of worker?.shards() ?? []) {
        if (phase === 'stopped') throw new Error(`A shard of ${clientName} stopped: ${reason}`);
      }
    }
  }
}

/** What the simulation reads of an entry of the quarantine list. */
type Listed = {
  readonly entityId: string;
  readonly parked: readonly {
    readonly topic: string;
    readonly topicId: string;
    readonly partition: number;
    readonly offset: number;
  }[];
};

/** 13 makes the entity's code throw in decide, 14 in evolve, while it is broken. */
const NUMBERS = [1, 1, 1, 2, 2, 3, 5, 7, 8, 9, 10, 11, 12, 20, 21, 22, 23, 13, 14];
