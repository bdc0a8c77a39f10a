import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BacklogWatch } from './backlog-watch.ts';
import { ByteBudget } from './byte-budget.ts';

test('a full backlog is reported once, and once more when there is room again', () => {
  const budget = new ByteBudget({ name: 'backlog', bytesMax: 100 });
  const reports: string[] = [];
  const report = (level: string, sentence: string) => void reports.push(`${level}: ${sentence}`);
  const watch = new BacklogWatch({ budget, report });
  budget.take(99);
  watch.look();
  assert.deepEqual([watch.trouble, reports], [undefined, []]);

  budget.take(2);
  for (let times = 0; times < 3; times++) watch.look();
  const paused =
    'Intake is paused: 101 bytes of committed events wait for the journal (at most 100).';
  assert.equal(watch.trouble, paused);
  assert.deepEqual(reports, [`warn: ${paused}`]);

  budget.take(-50);
  for (let times = 0; times < 3; times++) watch.look();
  assert.equal(watch.trouble, undefined);
  assert.deepEqual(reports.slice(1), ['info: Intake goes on: there is room in the backlog again.']);
});
