import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { errors, types } from 'cassandra-driver';
import { FakeClient } from './fake-client.ts';
import { PositionWriter } from './position-writer.ts';

const DELAY_MS = 1_000;

function writerOn(fake: FakeClient, delayMs = DELAY_MS): PositionWriter {
  return new PositionWriter({ session: fake.session, timers: fake.timers, delayMs });
}

function position(
  shard: number,
  eventNumber: number,
): {
  shard: number;
  offset: number;
  eventNumber: number;
} {
  return { shard, offset: eventNumber * 2, eventNumber };
}

/** What was written so far: shard and event number, as the numbers and timestamps of the rows. */
function written(fake: FakeClient): readonly (readonly number[])[] {
  return fake.sent.flatMap(({ statements }) =>
    statements.map(({ params }) => {
      const [, shard, offset, eventNumber, timestamp] = params as [string, number, ...Buffer[]];
      assert.deepEqual(eventNumber, timestamp);
      const number = Number(eventNumber?.readBigInt64BE(0));
      assert.equal(Number(offset?.readBigInt64BE(0)), number * 2);
      return [shard, number];
    }),
  );
}

async function advance(fake: FakeClient, ms: number): Promise<void> {
  fake.timers.advance(ms);
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
}

test('without a delay positions are written before the call resolves, in one request', async () => {
  const fake = new FakeClient();
  await writerOn(fake, 0).write('type', [position(0, 5), position(1, 6)]);
  assert.equal(fake.sent.length, 1);
  assert.deepEqual(written(fake), [
    [0, 5],
    [1, 6],
  ]);
});

test('a position is held back until a whole delay has passed, and is written once', async () => {
  const fake = new FakeClient();
  const writer = writerOn(fake);
  await writer.write('type', [position(0, 5)]);
  await advance(fake, DELAY_MS - 1);
  assert.deepEqual(written(fake), []);
  await writer.write('type', [position(0, 6)]);
  await advance(fake, 1); // 6 is one millisecond old
  assert.deepEqual(written(fake), []);
  await advance(fake, DELAY_MS);
  assert.deepEqual(written(fake), [[0, 6]]);
  await advance(fake, 10 * DELAY_MS);
  assert.deepEqual(written(fake), [[0, 6]]);
  assert.equal(fake.timers.nextDueInMs(), undefined);
});

test('under a steady load positions follow at every delay, none of them younger than it', async () => {
  const fake = new FakeClient();
  const writer = writerOn(fake);
  for (let number = 1; number <= 50; number += 1) {
    await writer.write('type', [position(0, number)]);
    await advance(fake, 100);
    const newest = written(fake).at(-1)?.[1] ?? 0;
    const ageMs = (number - newest + 1) * 100;
    assert.ok(newest === 0 || ageMs >= DELAY_MS);
    assert.ok(number < 20 || ageMs <= 2 * DELAY_MS);
  }
});

test('a position that could not be written is written at the next tick', async () => {
  const fake = new FakeClient((_, number) => {
    if (number === 1) throw new errors.ResponseError(types.responseErrorCodes.unauthorized, 'no');
    return { rows: [] };
  });
  await writerOn(fake).write('type', [position(0, 5)]);
  await advance(fake, DELAY_MS);
  await advance(fake, DELAY_MS);
  await advance(fake, DELAY_MS);
  assert.deepEqual(written(fake), [
    [0, 5],
    [0, 5],
  ]);
});

test('what is held when the writer is closed is dropped', async () => {
  const fake = new FakeClient();
  const writer = writerOn(fake);
  await writer.write('type', [position(0, 5)]);
  writer.close();
  await advance(fake, 10 * DELAY_MS);
  assert.deepEqual(written(fake), []);
});

test('of two positions that wait for the same tick the one with the higher event number is written', async () => {
  const fake = new FakeClient();
  const writer = writerOn(fake);
  await writer.write('type', [position(0, 6)]);
  await writer.write('type', [position(0, 5)]);
  await advance(fake, DELAY_MS);
  await advance(fake, DELAY_MS);
  assert.deepEqual(written(fake), [[0, 6]]);
});
