import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onlyDataCenter, replicationOf } from './data-centers.ts';
import { ownNames as names } from './option-names.ts';

test('the local data center is the only one; where there are several, somebody must say which', () => {
  assert.equal(onlyDataCenter(['dc1', 'dc1'], names), 'dc1');
  assert.throws(
    () => onlyDataCenter(['dc1', 'dc2', 'dc1'], { ...names, localDataCenter: '--dc' }),
    {
      name: 'JournalError',
      code: 'refused',
      message: /^Cassandra has the data centers dc1, dc2\. Set --dc to the one that requests go to/,
    },
  );
});

test('a keyspace has three replicas in the local data center, or one a node, unless somebody says more', () => {
  const of = (found: readonly string[], asked?: number | Readonly<Record<string, number>>) =>
    replicationOf({ found, local: 'dc1', asked, names });
  const strategy = { class: 'NetworkTopologyStrategy' };
  assert.deepEqual(of(['dc1', 'dc2', 'dc2']), { ...strategy, dc1: 1 });
  assert.deepEqual(of(['dc1', 'dc1', 'dc1', 'dc1', 'dc2']), { ...strategy, dc1: 3 });
  assert.deepEqual(of(['dc1'], 5), { ...strategy, dc1: 5 });
  assert.deepEqual(of(['dc1'], { dc2: 3, dc1: 2 }), { ...strategy, dc1: 2, dc2: 3 });
});

test('a keyspace without a replica where requests go is refused', () => {
  const asked = { dc2: 3 };
  const program = { ...names, localDataCenter: '--dc', replication: '--replication' };
  assert.throws(() => replicationOf({ found: ['dc1'], local: 'dc1', asked, names: program }), {
    name: 'JournalError',
    code: 'refused',
    message: /data center dc1 would have no replica\. Name it in --replication, or .* as --dc\.$/,
  });
});
