import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@chat-cluster/kernel';
import { BacklogWatch } from './backlog-watch.ts';
import { ByteBudget } from './byte-budget.ts';

function play() {
  const budget = new ByteBudget({ name: 'backlog', bytesMax: 100 });
  const clock = new ManualClock();
  const reports: string[] = [];
  const report = (level: string, sentence: string) => void reports.push(`${level}: ${sentence}`);
  return { budget, clock, reports, watch: new BacklogWatch({ budget, clock, report }) };
}

test('a backlog that stays full is reported once, and once more when there is room again', () => {
  const { budget, clock, reports, watch } = play();
  budget.take(101);
  watch.look();
  clock.advance(1_999);
  watch.look();
  assert.deepEqual([watch.trouble, reports], [undefined, []]);

  clock.advance(1);
  for (let times = 0; times < 3; times++) watch.look();
  const paused =
    'Intake is paused: 101 bytes of committed events wait for the journal (at most 100).';
  assert.equal(watch.trouble, paused);
  assert.deepEqual(reports, [`warn: ${paused}`]);

  budget.take(-50);
  watch.madeRoom();
  watch.look();
  assert.equal(watch.trouble, undefined);
  assert.deepEqual(reports.slice(1), ['info: Intake goes on: there is room in the backlog again.']);
});

test('a journal at its limit, which makes room again and again, is no trouble, however full the backlog stays', () => {
  const { budget, clock, reports, watch } = play();
  budget.take(150);
  for (let times = 0; times < 10; times++) {
    watch.look();
    clock.advance(1_500);
    assert.equal(watch.trouble, undefined);
    budget.take(-10);
    watch.madeRoom();
    budget.take(10);
  }
  assert.deepEqual(reports, []);
});
