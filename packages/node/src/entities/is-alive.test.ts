import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attending } from '@chat-cluster/engine';
import { isAlive } from './is-alive.ts';

type Probed = Awaited<ReturnType<Attending['probe']>>;
type Said = 'confirmed' | Awaited<ReturnType<Attending['attend']>>;

/** Whether a member is taken to live whose endpoint shows this. */
function alive(probed: Probed, said: Said): Promise<boolean> {
  const attending: Attending = {
    probe: async () => probed,
    attend: async (_endpoint, _memberId, onConfirmed, { signal }) => {
      if (said !== 'confirmed') return said;
      onConfirmed();
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    },
  };
  return isAlive({ endpoint: '127.0.0.1:1', memberId: 'm' }, attending);
}

test('a member is dead where nobody listens, or another one lives', async () => {
  assert.equal(await alive('refused', 'confirmed'), false);
  assert.equal(await alive('connected', 'not-here'), false);
});

test('a member lives that says so, and one that says nothing may', async () => {
  assert.equal(await alive('connected', 'confirmed'), true);
  assert.equal(await alive('connected', 'unclear'), true);
  assert.equal(await alive('connected', 'stream-broke'), true);
  assert.equal(await alive('unclear', 'unclear'), true);
});
