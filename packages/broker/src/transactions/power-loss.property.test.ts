import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '@chat-cluster/kernel';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import { DiskBroker } from './disk-broker.ts';
import { TIMEOUT_MS, TOPIC } from './transaction-harness.ts';
import { assertAtomic, possibleOffsets, TransactionalClient } from './transactional-clients.ts';

/** The power fails after this many turns of the event loop, and the disk loses as the seed says. */
const life = fc.record({ turns: fc.integer({ min: 5, max: 120 }), seed: fc.nat() });

/** On the broker's own log: what the coordinator takes for one order must be one on the disk. */
test('transactions are whole or not at all, wherever the power fails on the way to the disk', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 6 }), fc.nat(), live),
    { numRuns: 20 },
  );
});

async function live(
  lives: readonly { readonly turns: number; readonly seed: number }[],
  seed: number,
): Promise<void> {
  const random = seededRandom(seed);
  let broker = await DiskBroker.start(new SimulatedDisk());
  let lastId = 0;
  const clients = ['a', 'b', 'c', 'd'].map(
    (transactionalId) =>
      new TransactionalClient({ transactionalId, broker: () => broker, newId: () => ++lastId }),
  );
  for (const { turns, seed: lossSeed } of lives) {
    for (let turn = 0; turn < turns; turn++) {
      for (const client of clients) if (!client.isBusy) void client.step(random.below(100));
      await nextTurn();
    }
    broker = await broker.restart(seededRandom(lossSeed));
    while (clients.some(({ isBusy }) => isBusy)) await nextTurn();
  }
  // What is open runs out of time.
  broker.timers.advance(TIMEOUT_MS);
  for (const transactionalId of ['a', 'b', 'c', 'd']) {
    await broker.coordinator.get(transactionalId)?.ending;
  }
  const entries = await broker.entries();
  const logs = { entriesOf: (log: string) => entries.get(log) ?? [] };
  for (const [index, { attempts }] of clients.entries()) {
    assertAtomic(attempts, logs);
    const groupId = ['a', 'b', 'c', 'd'][index] ?? '';
    const partitions = [{ topic: TOPIC, partition: 0 }];
    const of = { groupId, partitions, requireStable: true };
    const [found] = await broker.groups.offsets.read(of);
    const reading = found?.reading;
    const offset = reading?.kind === 'committed' ? reading.offset.offset : reading?.kind;
    assert.ok(
      offset !== undefined && offset !== 'unstable',
      'an offset is stable when nothing is open',
    );
    assert.ok(possibleOffsets(attempts, logs).includes(offset));
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
