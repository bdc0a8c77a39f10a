import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { suite, test, type TestContext } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { systemClock, systemRandom, systemTimers } from '@chat-cluster/kernel';
import { EntityRouter } from './entity-router.ts';
import { RpcPeers } from './rpc-peers.ts';
import { mapOf, ScriptedOwner } from './scripted-owner.ts';

const question = new Uint8Array([1]);

/** Member a here, and member b, which owns everything, in another process. */
async function start(t: TestContext) {
  const child = fork(new URL('attended-process.ts', import.meta.url));
  t.after(() => child.kill('SIGKILL'));
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const members = { a: '127.0.0.1:1', b: `127.0.0.1:${port}` };
  child.send(mapOf(1, members, 1));
  await once(child, 'message');
  const owner = new ScriptedOwner('a');
  owner.setMap(mapOf(1, members, 1));
  const peers = new RpcPeers({}, systemTimers);
  const router = new EntityRouter({
    owners: [owner],
    peers,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
  });
  t.after(() => {
    router.close();
    peers.close();
  });
  const ask = async (): Promise<string> => (await router.ask('counter', '7', question)).worker;
  assert.equal(await ask(), 'b');
  const moveHere = (): void => owner.setMap(mapOf(2, members, 0));
  return { child, router, ask, moveHere };
}

suite('questions under way', () => {
  test('when their owner is paused are answered by the next one, none twice', async (t) => {
    const { child, router, ask, moveHere } = await start(t);
    child.kill('SIGSTOP');
    const asked = Array.from({ length: 50 }, ask);
    await pass(300);
    moveHere();
    assert.deepEqual(new Set(await Promise.all(asked)), new Set(['a']));
    child.kill('SIGCONT');
    await pass(300);
    assert.equal(router.counters.answeredLocally, 50);
    assert.equal(router.counters.answeredByHop, 1);
  });

  test('when their owner is killed are answered by the next one', async (t) => {
    const { child, router, ask, moveHere } = await start(t);
    const asked = Array.from({ length: 50 }, ask);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const later = Array.from({ length: 50 }, ask);
    await pass(200);
    moveHere();
    await Promise.all(asked);
    assert.deepEqual(new Set(await Promise.all(later)), new Set(['a']));
    assert(router.counters.retried >= 50);
    assert.equal(router.counters.unavailable, 0);
  });
});
