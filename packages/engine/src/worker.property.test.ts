import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from './simulation/simulation.ts';

const SEED_FIRST = 1;
/** Each takes about a fifth of a second. A longer search takes more of them. */
const SEED_COUNT = 30;

/** Entities that went on with a former owner’s state, in all runs. */
let handedOver = 0;

for (let seed = SEED_FIRST; seed < SEED_FIRST + SEED_COUNT; seed++) {
  test(`nothing is lost, repeated or overtaken, whatever happens to nodes, log and journal (seed ${seed})`, async () => {
    const { handedOverCount } = await simulate(seed);
    handedOver += handedOverCount;
  });
}

test('in simulated runs entities go on with the states of former owners', () => {
  assert.ok(handedOver > 0);
});

test('a simulated run is repeated by its seed', async () => {
  const [first, second] = [await simulate(SEED_FIRST), await simulate(SEED_FIRST)];
  assert.ok(first.harness.reports.length > 0);
  assert.deepEqual(first.harness.reports, second.harness.reports);
});
