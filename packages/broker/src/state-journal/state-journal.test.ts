import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AssertionFailure } from '@chat-cluster/kernel';
import type { DurableLog } from './durable-log.ts';
import { JournalError } from './journal-error.ts';
import { MemoryDurableLog } from './memory-durable-log.ts';
import { createStateJournal, type SectionJournal, type StateJournal } from './state-journal.ts';

type Change = { readonly key: string; readonly value: number };

/** A state of the simplest kind: the last value of each key. */
class Values {
  readonly byKey = new Map<string, number>();
  readonly #section: SectionJournal<Change>;

  constructor(journal: StateJournal, name: string) {
    this.#section = journal.section<Change>({
      name,
      replay: ({ key, value }) => this.byKey.set(key, value),
      snapshot: () => [...this.byKey].map(([key, value]) => ({ key, value })),
    });
  }

  set(key: string, value: number): Promise<void> {
    // The append comes first on purpose: a snapshot that falls due with it must have the change too.
    const durable = this.#section.append({ key, value });
    this.byKey.set(key, value);
    return durable;
  }

  setLazily(key: string, value: number): void {
    this.#section.appendLazily({ key, value });
    this.byKey.set(key, value);
  }
}

async function open(log: DurableLog, snapshotBytesMin = 1e6) {
  const journal = createStateJournal(log, { snapshotBytesMin });
  const [one, two] = [new Values(journal, 'one'), new Values(journal, 'two')];
  await journal.open();
  return { journal, one, two };
}

describe('the state journal', () => {
  test('gives each section back what it appended, in order', async () => {
    const log = new MemoryDurableLog();
    const { one, two } = await open(log);
    await one.set('a', 1);
    await two.set('a', 2);
    await one.set('a', 3);
    await one.set('b', 4);
    const again = await open(log);
    assert.deepEqual(
      [...again.one.byKey],
      [
        ['a', 3],
        ['b', 4],
      ],
    );
    assert.deepEqual([...again.two.byKey], [['a', 2]]);
  });

  test('replaces a log that has grown by the state as it is, over and over', async () => {
    const log = new MemoryDurableLog();
    const { one, two } = await open(log, 200);
    for (let round = 0; round < 100; round++) {
      void one.set(`key ${round % 3}`, round);
      void two.set('last', round);
      if (round % 7 === 0) await Promise.resolve();
    }
    assert.ok(log.count < 30, `${log.count} records are kept`);
    const again = await open(log);
    assert.deepEqual(again.one.byKey, one.byKey);
    assert.deepEqual(again.two.byKey, two.byKey);
  });

  test('takes its snapshot when the change that made it due is in the state', async () => {
    const log = new MemoryDurableLog();
    const { one } = await open(log, 1);
    await one.set('a', 1);
    assert.equal(log.count, 1, 'the snapshot has replaced the record');
    const again = await open(log);
    assert.equal(again.one.byKey.get('a'), 1);
  });

  test('takes no second snapshot before the first one is durable', async () => {
    const log = new SlowReplacement();
    const { one } = await open(log, 1);
    for (let round = 0; round < 5; round++) await one.set('a', round);
    assert.equal(log.replacements, 1);
    log.finish();
    await new Promise(setImmediate);
    await one.set('a', 5);
    assert.equal(log.replacements, 2);
  });

  test('says when everything that was appended is durable', async () => {
    const log = new HeldLog();
    const { journal, one } = await open(log);
    void one.set('a', 1);
    void one.set('b', 2);
    let isDurable = false;
    const durable = journal.durable().then(() => (isDurable = true));
    log.release();
    await Promise.resolve();
    assert.equal(isDurable, false);
    log.release();
    await durable;
  });

  test('replays what nobody waited for in its place', async () => {
    const log = new MemoryDurableLog();
    const { one, two } = await open(log);
    one.setLazily('a', 1);
    await two.set('a', 2);
    one.setLazily('a', 3);
    const cut = await open(log.cutTo(2));
    assert.equal(cut.one.byKey.get('a'), 1);
    assert.equal((await open(log)).one.byKey.get('a'), 3);
  });

  test('takes nothing after it was closed', async () => {
    const { journal, one } = await open(new MemoryDurableLog());
    await journal.close();
    await assert.rejects(one.set('a', 1), (error) => {
      return error instanceof JournalError && error.code === 'closed';
    });
  });

  test('refuses records that nobody owns', async () => {
    const log = new MemoryDurableLog();
    await (await open(log)).one.set('a', 1);
    const journal = createStateJournal(log);
    await assert.rejects(journal.open(), AssertionFailure);
  });

  test('is used in the right order', async () => {
    const { journal } = await open(new MemoryDurableLog());
    assert.throws(() => new Values(journal, 'late'), AssertionFailure);
    await assert.rejects(journal.open(), AssertionFailure);
    const twice = createStateJournal(new MemoryDurableLog());
    const values = new Values(twice, 'same');
    assert.throws(() => new Values(twice, 'same'), AssertionFailure);
    assert.throws(() => void values.set('a', 1), AssertionFailure);
  });
});

/** A log whose appends are durable when they are released, one by one. */
class HeldLog extends MemoryDurableLog {
  readonly #held: (() => void)[] = [];
  #last = Promise.resolve();

  override append(): Promise<void> {
    this.#last = new Promise((resolve) => this.#held.push(resolve));
    return this.#last;
  }

  override durable(): Promise<void> {
    return this.#last;
  }

  release(): void {
    this.#held.shift()?.();
  }
}

/** A log that takes its time to replace its records. */
class SlowReplacement extends MemoryDurableLog {
  replacements = 0;
  finish: () => void = () => {};

  override replaceWith(): Promise<void> {
    this.replacements += 1;
    return new Promise((resolve) => (this.finish = resolve));
  }
}
