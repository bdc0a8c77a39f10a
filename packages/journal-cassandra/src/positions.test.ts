import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClient } from './fake-client.ts';
import { writePositions } from './positions.ts';

test('positions are one request, each with its event number as the timestamp', async () => {
  const fake = new FakeClient();
  const positions = [
    { shard: 0, offset: 10, eventNumber: 5 },
    { shard: 1, offset: 12, eventNumber: 6 },
  ];
  await fake.settle(writePositions(fake.session, 'type', positions));
  const [request, ...others] = fake.sent;
  assert.deepEqual(others, []);
  assert.deepEqual(
    request?.statements.map(({ params }) => {
      const [, shard, ...numbers] = params as [string, number, ...Buffer[]];
      return [shard, ...numbers.map((number) => Number(number.readBigInt64BE(0)))];
    }),
    [
      [0, 10, 5, 5],
      [1, 12, 6, 6],
    ],
  );
});

test('no positions are no request', async () => {
  const fake = new FakeClient();
  await fake.settle(writePositions(fake.session, 'type', []));
  assert.deepEqual(fake.sent, []);
});
