import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineHarness, type HarnessNode, type NodeOptions } from '../engine-harness.ts';
import { MemoryFormerOwners } from './memory-former-owners.ts';

/** Nodes that can be asked for what they keep. */
class Play {
  readonly harness: EngineHarness;
  readonly formerOwners: MemoryFormerOwners;
  readonly #nodes = new Map<string, HarnessNode>();

  constructor(options: ConstructorParameters<typeof EngineHarness>[0] = {}) {
    this.harness = new EngineHarness(options);
    this.formerOwners = new MemoryFormerOwners(this.harness.timers, (endpoint) =>
      this.#nodes.get(endpoint)?.worker(),
    );
  }

  async start(name: string, options: NodeOptions = {}): Promise<HarnessNode> {
    const { formerOwners } = this;
    const node = await this.harness.startNode(name, { formerOwners, ...options });
    this.#nodes.set(`${name}:1`, node);
    return node;
  }

  die(node: HarnessNode): void {
    this.#nodes.delete(`${node.name}:1`);
    node.die();
  }

  /** Two nodes that have two shards each, and each of these entities in memory. */
  async two(ids: readonly string[]): Promise<[HarnessNode, HarnessNode]> {
    const nodes: [HarnessNode, HarnessNode] = [await this.start('a'), await this.start('b')];
    const runs = ({ worker }: HarnessNode): boolean =>
      worker()
        .shards()
        .filter(({ phase }) => phase === 'running').length === 2;
    await this.harness.until(() => nodes.every(runs), 'two shards each');
    for (const id of ids) await this.harness.add(id, [1]);
    await this.harness.untilTotals(ids.length);
    return nodes;
  }

  /** Each entity gets one more; all go on where they were. */
  async goOn(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.harness.add(id, [1]);
    await this.harness.untilTotals(2 * ids.length);
    for (const id of ids) assert.deepEqual(await this.harness.totalsOf(id), [1, 2]);
  }
}

const ids = Array.from({ length: 20 }, (_, index) => `id-${index}`);

function handedOverTo({ worker }: HarnessNode): number {
  return worker().counters.entitiesHandedOver;
}

test('what a node that stops had in memory its successor has, without reading it', async () => {
  const play = new Play();
  const [a, b] = await play.two(ids);
  const startMs = play.harness.timers.clock.monotonicMs();
  const stopping = a.worker().stop();
  const runsAll = (): boolean =>
    b
      .worker()
      .shards()
      .every(({ phase }) => phase === 'running');
  await play.harness.until(() => b.worker().shards().length === 4 && runsAll(), 'all shards');
  play.harness.journalFaults.isDown = true;
  await play.goOn(ids);
  play.harness.journalFaults.isDown = false;
  await play.harness.settle(stopping);
  assert.ok(handedOverTo(b) > 0);
  assert.ok(play.harness.timers.clock.monotonicMs() - startMs < 5_000);
});

test('what moves to a node that came has its states with it', async () => {
  const play = new Play();
  await play.two(ids);
  const c = await play.start('c');
  const d = await play.start('d');
  await play.harness.until(
    () => [c, d].every(({ worker }) => worker().shards()[0]?.phase === 'running'),
    'a shard each',
  );
  await play.goOn(ids);
  assert.ok(handedOverTo(c) > 0);
  assert.ok(handedOverTo(d) > 0);
});

test('states of another number of events, or another event topic, are not used', async () => {
  for (const wrong of [{ eventNumber: 1 }, { eventTopicId: 'another' }]) {
    const play = new Play();
    play.formerOwners.fateOf = (part) => ({ kind: 'replaced', by: { ...part, ...wrong } });
    const [a, b] = await play.two(ids);
    await play.harness.settle(a.worker().stop());
    await play.goOn(ids);
    assert.ok(play.formerOwners.givenCount > 0);
    assert.equal(handedOverTo(b), 0);
  }
});

test('a state that lacks what the backlog has of its entity is not used', async () => {
  const play = new Play();
  play.formerOwners.fateOf = (part) => {
    const states = part.states.map((state) => ({ ...state, seqNext: 0 }));
    return { kind: 'replaced', by: { ...part, states } };
  };
  const [a, b] = await play.two(ids);
  for (let count = 0; count < 100; count++) {
    play.harness.journalFaults.failNextWrites({ written: 'nothing', landsAfterMs: 0 });
  }
  for (const id of ids) await play.harness.add(id, [1]);
  await play.harness.untilTotals(2 * ids.length);
  void a.worker().stop();
  await play.harness.until(() => b.worker().shards().length === 4, 'the other to have all');
  for (const id of ids) await play.harness.add(id, [1]);
  await play.harness.untilTotals(3 * ids.length);
  await play.harness.until(() => b.worker().backlogBytes === 0, 'the journal to have all');
  for (const id of ids) assert.deepEqual(play.harness.seqsOf(id), [0, 1, 2]);
});

test('a former owner that is silent, or breaks off, or died, is read around', async () => {
  const fates = [{ kind: 'comes', afterMs: 60_000 }, { kind: 'breaks' }, 'dies'] as const;
  for (const fate of fates) {
    const play = new Play();
    const [a, b] = await play.two(ids);
    if (fate === 'dies') {
      play.die(a);
      const memberId =
        b
          .worker()
          .map()
          ?.members.find(({ name }) => name === 'a')?.memberId ?? '';
      const { admin } = play.harness.outside;
      await play.harness.settle(
        admin.removeMember({ groupId: 'counters', memberId, reason: 'it died' }),
      );
    } else {
      play.formerOwners.fateOf = () => fate;
      void a.worker().stop();
    }
    const startMs = play.harness.timers.clock.monotonicMs();
    await play.goOn(ids);
    assert.ok(play.harness.timers.clock.monotonicMs() - startMs < 1_300);
    assert.equal(handedOverTo(b), 0);
  }
});

test('a node that stops waits until its states are fetched, or for no longer than it may', async () => {
  const took = async (isFetched: boolean): Promise<number> => {
    const play = new Play({ limits: { retiredAtStopMs: 2_000 } });
    const [a] = await play.two(ids);
    if (!isFetched) play.formerOwners.retiredStates = () => new Promise(() => undefined);
    const startMs = play.harness.timers.clock.monotonicMs();
    await play.harness.settle(a.worker().stop());
    return play.harness.timers.clock.monotonicMs() - startMs;
  };
  const [fetched, notFetched] = [await took(true), await took(false)];
  assert.ok(fetched < 1_500, `${fetched} ms`);
  assert.ok(notFetched >= 2_000 && notFetched < 2_500, `${notFetched} ms`);
});

test('states that nobody needs are given back after a while', async () => {
  const play = new Play({ limits: { retiredMs: 3_000, warmUpEventsMax: 1 } });
  const [a, b] = await play.two(ids);
  const before = b.worker().entityBytes;
  await play.harness.settle(a.worker().stop());
  await play.harness.pass(500);
  assert.ok(b.worker().entityBytes > before + 1_000);
  await play.harness.pass(5_000);
  assert.ok(b.worker().entityBytes < before + 1_000);
});
