import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, errors, types } from 'cassandra-driver';
import { probeSync } from './sync-probe.ts';

const { consistencies, responseErrorCodes } = types;

/** A driver whose rows have these replicas, by id; `take` answers or refuses a write. */
function driver(
  replicasOf: readonly (readonly string[])[],
  take: (consistency: types.consistencies) => void = () => {},
): { client: Client; written: [number, types.consistencies][] } {
  const written: [number, types.consistencies][] = [];
  const nodes = [...new Set(replicasOf.flat())];
  const client = {
    hosts: { keys: () => nodes, length: nodes.length },
    getReplicas: (_: string, key: Buffer) =>
      (replicasOf[key.readInt32BE(0)] ?? []).map((address) => ({ address })),
    execute: async (
      _: string,
      [id]: [number],
      { consistency }: { consistency: types.consistencies },
    ) => {
      written.push([id, consistency]);
      take(consistency);
    },
  };
  return { client: client as unknown as Client, written };
}

function unavailable(alive: number): Error {
  const error = new errors.ResponseError(responseErrorCodes.unavailableException, 'planted');
  return Object.assign(error, { alive });
}

test('where every node has every row one write goes to all of them', async () => {
  const { client, written } = driver([['a', 'b', 'c']]);
  assert.equal(await probeSync(client, 'k'), 'all');
  assert.deepEqual(written, [[0, consistencies.all]]);
});

test('with more nodes than copies as many rows are written as it takes to reach each node', async () => {
  const { client, written } = driver([
    ['a', 'b'],
    ['b', 'a'],
    ['b', 'c'],
    ['d', 'a'],
  ]);
  assert.equal(await probeSync(client, 'k'), 'all');
  assert.deepEqual(
    written.map(([id]) => id),
    [0, 2, 3],
  );
});

test('of nodes that Cassandra sees away nothing is asked, of all others it is', async () => {
  const { client, written } = driver([['a', 'b', 'c']], (consistency) => {
    if (consistency === consistencies.all) throw unavailable(2);
  });
  assert.equal(await probeSync(client, 'k'), 'some are away');
  assert.deepEqual(written.at(-1), [0, consistencies.two]);
});

test('a node that is seen up and does not take the write makes it fail', async () => {
  const { client } = driver([['a']], () => {
    throw new errors.ResponseError(responseErrorCodes.writeTimeout, 'planted');
  });
  await assert.rejects(probeSync(client, 'k'), { name: 'JournalError', code: 'unavailable' });
  const none = driver([['a']], () => {
    throw unavailable(0);
  });
  await assert.rejects(probeSync(none.client, 'k'), { code: 'unavailable' });
});
