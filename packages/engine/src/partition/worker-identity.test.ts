import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeIdentity,
  encodeIdentity,
  idsOfTheDead,
  transactionalIdOf,
} from './worker-identity.ts';

test('an identity is read as it was written', () => {
  const identity = { name: '10.0.0.1:8551-2', endpoint: '10.0.0.1:8551' };
  assert.deepEqual(decodeIdentity(encodeIdentity(identity)), identity);
  assert.equal(decodeIdentity(Buffer.from('just a name')), undefined);
});

test('a name that is the endpoint takes room once, so that a long host name has enough', () => {
  const name = `chat-node-0.${'x'.repeat(73)}:2551`;
  const identity = { name, endpoint: name };
  assert.deepEqual(decodeIdentity(encodeIdentity(identity)), identity);
  assert.throws(() => encodeIdentity({ name, endpoint: `${name}0` }));
});

test('an identity that is too long, or whose name could be mistaken, is a programmer error', () => {
  for (const name of ['a/b', 'a\nb', 'x'.repeat(90)]) {
    assert.throws(() => encodeIdentity({ name, endpoint: '127.0.0.1:1' }));
  }
});

test('an open transaction of a worker that is no member is fenced, and no other', () => {
  const ongoing = [
    transactionalIdOf('g', 'alive'),
    'g/alive.0',
    'g/alive.12',
    'g/alive.x',
    'g/alive2.0',
    'g/dead',
    'g/dead.1',
    'g/other/alive',
    'g2/dead',
  ];
  assert.deepEqual(idsOfTheDead('g', ongoing, ['alive', 'idle']), [
    'g/alive.x',
    'g/alive2.0',
    'g/dead',
    'g/dead.1',
  ]);
});
