import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom, sleep, type Random } from '@chat-cluster/kernel';
import { CaseMember } from './contract/case-member.ts';
import type { MemoryLog } from './memory-log.ts';
import type { MemoryFault } from './memory-network.ts';
import { MemoryRun } from './memory-run.ts';

const PARTITION_COUNT = 5;
const NODE_COUNT = 4;
const LEASE_MS = 1_000;
const STEP_MS = 20;
const STEP_COUNT = 1_500;
const ACTION_ONE_IN = 40;
const FAULT_ONE_IN = 15;
/** Several sessions and rebalances. */
const CALM_MS = 60_000;

type Node = {
  readonly name: string;
  readonly log: MemoryLog;
  readonly member: CaseMember;
  /** When it got each partition that it owns. */
  readonly gainedMs: Map<number, number>;
  fate: 'runs' | 'left' | 'crashed';
};

/** Nodes that come, go, crash, are cut off and hesitate, on a network that delays and drops. */
class Play {
  readonly run: MemoryRun;
  readonly random: Random;
  nodes: Node[] = [];
  #nodeCount = 0;
  #isCalm = false;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    const decide = (): MemoryFault => this.#fault();
    this.run = new MemoryRun({
      network: { hopDelayMs: () => this.random.below(30), faults: { decide } },
    });
    this.run.broker.createTopic({ topic: 'in', partitionCount: PARTITION_COUNT });
  }

  async step(): Promise<void> {
    if (this.random.below(ACTION_ONE_IN) === 0) this.#act();
    await this.run.pass(STEP_MS);
    for (const node of this.nodes) this.#observe(node);
    this.#assertOneOwner();
  }

  /** The network is good again; whoever runs is left alone. */
  async calmDown(): Promise<void> {
    this.#isCalm = true;
    this.run.broker.network.faults = { decide: () => ({ kind: 'pass' }) };
    for (const { name } of this.nodes) this.run.broker.network.heal(name);
    if (this.running().length === 0) this.#startNode();
    await this.run.pass(CALM_MS);
  }

  running(): Node[] {
    return this.nodes.filter(({ fate }) => fate === 'runs');
  }

  #act(): void {
    const running = this.running();
    const node = running[this.random.below(Math.max(1, running.length))];
    const choice = this.random.below(6);
    if (!node || running.length < NODE_COUNT || choice === 0) this.#startNode();
    else if (choice === 1) this.#stop(node, 'left');
    else if (choice === 2) this.#stop(node, 'crashed');
    else if (choice === 3) this.run.broker.network.cut(node.name);
    else if (choice === 4) this.run.broker.network.heal(node.name);
    else node.member.member.rejoin();
  }

  #startNode(): void {
    this.#nodeCount += 1;
    const name = `node-${this.#nodeCount}`;
    const log = this.run.openLog(name);
    const member = new CaseMember(log, {
      groupId: 'g',
      topics: ['in'],
      partitionCount: PARTITION_COUNT,
      name,
      beforeJoin: () => sleep(this.run.timers, this.#hesitationMs()),
    });
    member.start().catch(() => {}); // it may leave before its first assignment
    this.nodes.push({ name, log, member, gainedMs: new Map(), fate: 'runs' });
  }

  /** Now and then longer than a rebalance waits. */
  #hesitationMs(): number {
    return !this.#isCalm && this.random.below(10) === 0 ? 8_000 : 50;
  }

  #stop(node: Node, fate: 'left' | 'crashed'): void {
    node.fate = fate;
    node.member.owned = [];
    if (fate === 'crashed') node.log.crash();
    else void node.member.leave();
  }

  #observe({ member, gainedMs }: Node): void {
    for (const partition of gainedMs.keys()) {
      if (!member.owned.includes(partition)) gainedMs.delete(partition);
    }
    for (const partition of member.owned) {
      if (!gainedMs.has(partition)) gainedMs.set(partition, this.run.nowMs);
    }
  }

  /** Who answers for a partition: its owner, one lease after it got it, while its lease holds. */
  #assertOneOwner(): void {
    const { nowMs } = this.run;
    for (let partition = 0; partition < PARTITION_COUNT; partition += 1) {
      const answering = this.nodes.filter(
        ({ member, gainedMs }) =>
          nowMs - (gainedMs.get(partition) ?? Infinity) >= LEASE_MS &&
          nowMs - member.member.lastConfirmedMs() < LEASE_MS,
      );
      assert.ok(answering.length <= 1, `Partition ${partition} has two owners at ${nowMs}.`);
    }
  }

  #fault(): MemoryFault {
    if (this.random.below(FAULT_ONE_IN) > 0) return { kind: 'pass' };
    const kind = (['drop-request', 'drop-answer', 'delay'] as const)[this.random.below(3)]!;
    if (kind === 'delay') return { kind, delayMs: this.random.below(1_500) };
    return { kind, noticedAfterMs: this.random.below(300) };
  }
}

test('whatever happens to nodes and network, no two members answer for a partition, and when it is calm each partition has its owner', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const play = new Play(seed);
      for (let count = 0; count < STEP_COUNT; count += 1) await play.step();
      await play.calmDown();
      const owned = play.running().flatMap(({ member }) => member.owned);
      const all = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition);
      assert.deepEqual(
        owned.toSorted((a, b) => a - b),
        all,
      );
      assert.equal(play.run.broker.group('g').state, 'Stable');
      const seen = new Set<string>();
      for (const { member } of play.nodes) {
        for (const { generation, partitions } of member.assigned) {
          for (const partition of partitions) {
            const key = `${generation.generationId}/${partition}`;
            assert.ok(!seen.has(key), `Generation/partition ${key} was given twice.`);
            seen.add(key);
          }
        }
      }
    }),
    { numRuns: 8 },
  );
});
