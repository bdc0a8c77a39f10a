import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '@chat-cluster/kernel';
import { VirtualTime } from '@chat-cluster/log';
import type { Attending, Probed } from './attending.ts';
import { untilAborted } from './deadline.ts';
import { PeerWatch } from './peer-watch.ts';
import { mapOf, ScriptedOwner } from './scripted-owner.ts';

/** Endpoints that do as they are told. */
class ScriptedEndpoints implements Attending {
  readonly probes: string[] = [];
  probed: Probed = 'connected';
  isShut = false;
  /** Ends the streams that are open. */
  breakStreams: (as?: 'stream-broke' | 'not-here') => void = () => undefined;
  #broken = this.#nextBreak();

  async probe(endpoint: string): Promise<Probed> {
    this.probes.push(endpoint);
    return this.probed;
  }

  async attend(
    _endpoint: string,
    _memberId: string,
    onConfirmed: () => void,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<'stream-broke' | 'not-here' | 'shut-out'> {
    if (this.isShut) return 'shut-out';
    onConfirmed();
    return untilAborted(this.#broken, signal);
  }

  #nextBreak(): Promise<'stream-broke' | 'not-here'> {
    const { promise, resolve } = Promise.withResolvers<'stream-broke' | 'not-here'>();
    this.breakStreams = (as = 'stream-broke') => {
      this.#broken = this.#nextBreak();
      resolve(as);
    };
    return promise;
  }
}

const all = { a: 'host-a:1', b: 'host-b:1', c: 'host-c:1' };

function start({ removeMember }: { removeMember?: () => Promise<void> } = {}) {
  const time = new VirtualTime();
  const owner = new ScriptedOwner('a');
  const endpoints = new ScriptedEndpoints();
  const removed: string[] = [];
  const told: string[] = [];
  const reports: string[] = [];
  const watch = new PeerWatch({
    owners: [owner],
    groupId: 'group',
    admin: {
      async removeMember({ memberId }) {
        await removeMember?.();
        removed.push(memberId);
      },
    },
    attending: endpoints,
    onOut: ({ memberId }) => told.push(memberId),
    timers: time.timers,
    random: seededRandom(1),
    report: (_, sentence) => reports.push(sentence),
  });
  return { time, owner, endpoints, removed, told, reports, watch };
}

suite('the members of the map', () => {
  test('are looked after, but for the ones that live here, until they are not in it any more', async () => {
    const { time, owner, endpoints, removed, watch } = start();
    owner.setMap(mapOf(1, all));
    await time.pass(10);
    assert.deepEqual(endpoints.probes, ['host-b:1', 'host-c:1']);
    assert.equal(watch.confirmedCount, 2);
    owner.setMap(mapOf(2, { a: 'host-a:1', c: 'host-c:1' }));
    await time.pass(10);
    assert.equal(watch.confirmedCount, 1);
    endpoints.probed = 'refused';
    endpoints.breakStreams();
    await time.pass(10);
    assert.deepEqual(removed, ['c']);
    await watch.close();
    assert.equal(time.timers.nextDueInMs(), undefined);
  });

  test('are removed when they die, and the workers here are told once they are', async () => {
    const { time, owner, endpoints, removed, told, watch } = start();
    owner.setMap(mapOf(1, all));
    await time.pass(10);
    endpoints.probed = 'refused';
    endpoints.breakStreams();
    await time.pass(5_000);
    assert.deepEqual(removed, ['b', 'c']);
    assert.deepEqual(told, ['b', 'c']);
    await watch.close();
  });

  test('are left to their session when the group cannot be told', async () => {
    const { time, owner, endpoints, told, reports, watch } = start({
      removeMember: () => Promise.reject(new Error('no coordinator')),
    });
    owner.setMap(mapOf(1, { a: 'host-a:1', b: 'host-b:1' }));
    await time.pass(10);
    endpoints.probed = 'refused';
    endpoints.breakStreams();
    await time.pass(5_000);
    assert.deepEqual(told, []);
    assert.match(reports.at(-1) ?? '', /could not be taken out: its session will end/);
    await watch.close();
  });

  test('are told of, once each, where they do not let this node in', async () => {
    const { time, owner, endpoints, removed, reports, watch } = start();
    endpoints.isShut = true;
    owner.setMap(mapOf(1, all));
    await time.pass(20_000);
    assert.equal(reports.length, 2);
    assert.match(
      reports[0] ?? '',
      /^Node worker of b at host-b:1 does not let this node in\. Give all/,
    );
    endpoints.probed = 'refused';
    await time.pass(5_000);
    assert.deepEqual(removed, [], 'Nobody was confirmed.');
    await watch.close();
  });

  test('of an older generation are not followed', async () => {
    const { time, owner, endpoints, watch } = start();
    owner.setMap(mapOf(2, { a: 'host-a:1' }));
    owner.setMap(mapOf(1, all));
    await time.pass(10);
    assert.deepEqual(endpoints.probes, []);
    await watch.close();
  });

  test('that do not answer are tried again now and then', async () => {
    const { time, owner, endpoints, removed, watch } = start();
    endpoints.probed = 'unclear';
    owner.setMap(mapOf(1, { a: 'host-a:1', b: 'host-b:1' }));
    await time.pass(10_000);
    assert(endpoints.probes.length > 8 && endpoints.probes.length < 25);
    endpoints.probed = 'refused';
    await time.pass(10_000);
    assert.deepEqual(removed, []);
    await watch.close();
  });
});

test('a member that leaves as planned is not removed, and the workers here join again at once', async () => {
  const { time, owner, endpoints, removed, told, watch } = start();
  owner.setMap(mapOf(1, { a: 'host-a:1', b: 'host-b:1' }));
  await time.pass(10);
  assert.equal(watch.confirmedCount, 1);
  endpoints.breakStreams('not-here');
  await time.pass(0);
  assert.deepEqual([told, removed], [['b'], []]);
  endpoints.probed = 'refused';
  await time.pass(5_000);
  assert.deepEqual([told, removed], [['b'], []]);
  await watch.close();
});
