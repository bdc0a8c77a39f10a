import assert from 'node:assert/strict';
import { seededRandom } from '@chat-cluster/kernel';
import type { TopicIdPartition } from '../record.ts';
import { longText, recordOf, textOf } from './contract-case.ts';
import type { ContractCase } from './contract-case.ts';
import type { ContractTest, HeldTransaction } from './contract-cluster.ts';

export function readCommittedTests(test: ContractTest): void {
  test('an open transaction is invisible, and holds back what comes after it', async (c) => {
    const at = (await c.topic()).at(0);
    await c.send(at, 'before');
    const transaction = await c.holdTransaction();
    await transaction.write(at, [recordOf('inside')]);
    await c.send(at, 'after');
    const reader = await c.openReader().add(at).reached(at, 1);
    assert.deepEqual(reader.records().map(textOf), ['before']);
    await transaction.end('commit');
    await reader.reached(at, 4);
    assert.deepEqual(reader.records().map(textOf), ['before', 'inside', 'after']);
  });

  test('two aborted transactions in one answer leave nothing', async (c) => {
    const at = (await c.topic()).at(0);
    for (const holder of [await c.holdTransaction(), await c.holdTransaction()]) {
      await holder.write(at, [recordOf('aborted')]);
      await holder.end('abort');
    }
    await c.send(at, 'kept');
    await assertReads(c, at, ['kept']);
  });

  test('a producer that aborts twice, commits, and aborts again is read right', async (c) => {
    const at = (await c.topic()).at(0);
    const holder = await c.holdTransaction();
    const directions = ['abort', 'abort', 'commit', 'abort', 'commit'] as const;
    for (const [index, direction] of directions.entries()) {
      await holder.write(at, [recordOf(`${direction} ${index}`)]);
      await holder.write(at, [recordOf(`${direction} ${index} too`)]);
      await holder.end(direction);
    }
    await assertReads(c, at, ['commit 2', 'commit 2 too', 'commit 4', 'commit 4 too']);
  });

  test('two transactions side by side, one aborted inside of the other, are told apart', async (c) => {
    const at = (await c.topic()).at(0);
    const [good, bad] = [await c.holdTransaction(), await c.holdTransaction()];
    await bad.write(at, [recordOf('bad 1')]);
    await good.write(at, [recordOf('good 1')]);
    await c.send(at, 'plain');
    await bad.write(at, [recordOf('bad 2')]);
    await good.write(at, [recordOf('good 2')]);
    await bad.end('abort');
    await good.write(at, [recordOf('good 3')]);
    await good.end('commit');
    await assertReads(c, at, ['good 1', 'plain', 'good 2', 'good 3']);
  });

  test('overlapping aborted transactions of two producers leave nothing', async (c) => {
    const at = (await c.topic()).at(0);
    const [one, other] = [await c.holdTransaction(), await c.holdTransaction()];
    await one.write(at, [recordOf('one')]);
    await other.write(at, [recordOf('other')]);
    await one.end('abort');
    await other.write(at, [recordOf('other again')]);
    await other.end('abort');
    await one.write(at, [recordOf('committed')]);
    await one.end('commit');
    await assertReads(c, at, ['committed']);
  });

  test('an abort marker that lies answers further on is remembered until then, and no longer', async (c) => {
    const at = (await c.topic()).at(0);
    const holder = await c.holdTransaction();
    const expected: string[] = [];
    const fill = async (name: string): Promise<void> => {
      for (let index = 0; index < 4; index += 1) {
        await c.send(at, longText(`${name} ${index}`, 9_000));
        expected.push(longText(`${name} ${index}`, 9_000));
      }
    };
    await holder.write(at, [recordOf('bad, far from its marker')]);
    await fill('between');
    await holder.write(at, [recordOf('bad, near its marker')]);
    await holder.end('abort');
    await holder.write(at, [recordOf('good')]);
    expected.push('good');
    await fill('after');
    await holder.end('commit');
    const end = await endOf(c, at);
    const reader = c.openReader({ responseBytesMax: 10_000, partitionBytesMax: 10_000 });
    await reader.add(at).reached(at, end);
    assert.ok(reader.batches.length > 4, 'It takes several answers.');
    assert.deepEqual(reader.records().map(textOf), expected);
  });

  test('reading may begin at every offset: inside an aborted transaction, at a marker, after it', async (c) => {
    const at = (await c.topic()).at(0);
    const [good, bad] = [await c.holdTransaction(), await c.holdTransaction()];
    await bad.write(at, [recordOf('bad 0'), recordOf('bad 1')]);
    await good.write(at, [recordOf('good 2'), recordOf('good 3')]);
    await bad.write(at, [recordOf('bad 4')]);
    await bad.end('abort'); // the marker is at 5
    await good.end('commit'); // at 6
    await c.send(at, 'plain 7');
    const texts = new Map([
      [2, 'good 2'],
      [3, 'good 3'],
      [7, 'plain 7'],
    ]);
    for (let position = 0; position <= 7; position += 1) {
      const reader = await c.openReader().add(at, position).reached(at, 8);
      const expected = [...texts].filter(([offset]) => offset >= position).map(([, text]) => text);
      assert.deepEqual(reader.records().map(textOf), expected, `from ${position}`);
    }
  });

  test('the position passes control records, and what is all aborted', async (c) => {
    const at = (await c.topic()).at(0);
    const holder = await c.holdTransaction();
    await holder.write(at, [recordOf('good')]);
    await holder.end('commit');
    const reader = await c.openReader().add(at).reached(at, 2);
    assert.deepEqual(
      reader.records().map(({ offset }) => offset),
      [0],
    );
    await holder.write(at, [recordOf('bad')]);
    await holder.end('abort');
    await reader.reached(at, 4);
    assert.equal(reader.records().length, 1);
    assert.equal(reader.position(at), await endOf(c, at));
  });

  test('whatever happens to transactions side by side, readers see what was committed', async (c) => {
    for (const seed of [1, 2, 3]) await readRandomHistory(c, seed);
  });
}

/** The texts, with all limits: in one answer, and in as many as possible. */
async function assertReads(
  c: ContractCase,
  at: TopicIdPartition,
  texts: readonly string[],
): Promise<void> {
  const end = await endOf(c, at);
  for (const partitionBytesMax of [500_000, 1]) {
    const reader = await c.openReader({ partitionBytesMax }).add(at).reached(at, end);
    assert.deepEqual(reader.records().map(textOf), texts);
  }
}

async function endOf(c: ContractCase, at: TopicIdPartition): Promise<number> {
  const [end] = await c.log.admin.listOffsets([{ ...at, at: 'latest' }]);
  return end!;
}

type Held = { readonly transaction: HeldTransaction; written: { offset: number; text: string }[] };

async function readRandomHistory(c: ContractCase, seed: number): Promise<void> {
  const at = (await c.topic()).at(0);
  const random = seededRandom(seed);
  const holders: Held[] = [];
  for (let count = 0; count < 4; count += 1) {
    holders.push({ transaction: await c.holdTransaction(), written: [] });
  }
  const committed: { offset: number; text: string }[] = [];
  const end = async (held: Held): Promise<void> => {
    const direction = random.below(2) === 0 ? 'abort' : 'commit';
    await held.transaction.end(direction);
    if (direction === 'commit') committed.push(...held.written);
    held.written = [];
  };
  for (let step = 0; step < 60; step += 1) {
    const text = longText(`seed ${seed}, step ${step} `, 1 + random.below(3_000));
    const held = holders[random.below(holders.length)]!;
    if (random.below(5) === 0) committed.push({ offset: await c.send(at, text), text });
    else if (held.written.length > 0 && random.below(3) === 0) await end(held);
    else held.written.push({ offset: await held.transaction.write(at, [recordOf(text)]), text });
  }
  for (const held of holders) if (held.written.length > 0) await end(held);
  committed.sort((one, other) => one.offset - other.offset);
  const reader = c.openReader({ partitionBytesMax: 1 + random.below(20_000) });
  await reader.add(at).reached(at, await endOf(c, at));
  const seen = reader.records().map((record) => ({ offset: record.offset, text: textOf(record) }));
  assert.deepEqual(seen, committed, `seed ${seed}`);
}
