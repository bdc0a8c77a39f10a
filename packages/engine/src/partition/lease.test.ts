import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualTimers } from '@chat-cluster/kernel';
import type { AssignedMap } from './assignment-data.ts';
import { Lease, nextLeaseState, type KnownGeneration } from './lease.ts';

const LEASE_MS = 1_000;
const AT_MS = 50_000;

/** Of one shard: its owner's member id, and what each member claims as of. */
function mapOf(owner: string, claims: Readonly<Record<string, number>>): AssignedMap {
  const ids = Object.keys(claims);
  const members = ids.map((memberId) => ({
    name: memberId,
    endpoint: '',
    memberId,
    claimGenerationId: claims[memberId] ?? -1,
  }));
  const told = { knownGenerationId: -1, waitsMs: [] };
  return { members, owners: [ids.indexOf(owner)], told };
}

const before: KnownGeneration = {
  generationId: 7,
  map: mapOf('old', { old: 6, me: 6 }),
  atMs: AT_MS - 300,
};

function opensAtMs(
  next: Partial<KnownGeneration>,
  from: KnownGeneration | undefined = before,
  openedAtMs = -Infinity,
): number | undefined {
  const generation = { generationId: 8, map: undefined, atMs: AT_MS, ...next };
  const state = from && { generation: from, opensAtMs: [openedAtMs] };
  return nextLeaseState(state, generation, { leaseMs: LEASE_MS, shardCount: 1 }).opensAtMs[0];
}

describe('who takes a shard over', () => {
  const cases: readonly [what: string, map: AssignedMap | undefined, waits: boolean][] = [
    ['answers at once when the owner gave it up', mapOf('me', { old: 7, me: 7 }), false],
    ['waits when the owner is gone', mapOf('me', { me: 7 }), true],
    ['waits when the owner is another member now', mapOf('me', { new: -1, me: 7 }), true],
    ['waits when the owner joined by a late request', mapOf('me', { old: 6, me: 7 }), true],
    ['waits when claims contradict', mapOf('me', { old: -1, me: 7 }), true],
    ['waits when it knows no map', undefined, true],
    ['need not wait for what stays with its owner', mapOf('old', { old: 6, me: 7 }), false],
    ['waits when nobody can tell what the owner claims', mapOf('old', { old: -1, me: 7 }), true],
  ];
  for (const [what, map, waits] of cases) {
    test(what, () => {
      assert.equal(opensAtMs({ map }), waits ? AT_MS + LEASE_MS : -Infinity);
    });
  }

  const given = mapOf('me', { old: 7, me: 7 });

  test('waits when it was not in the generation before', () => {
    assert.equal(opensAtMs({ map: given, generationId: 9 }), AT_MS + LEASE_MS);
    const first = nextLeaseState(
      undefined,
      { generationId: 8, map: given, atMs: AT_MS },
      { leaseMs: LEASE_MS, shardCount: 1 },
    );
    assert.deepEqual(first.opensAtMs, [AT_MS + LEASE_MS]);
  });

  test('waits when the map before named no owner, or there was none', () => {
    assert.equal(
      opensAtMs({ map: given }, { ...before, map: mapOf('', { old: 7, me: 7 }) }),
      AT_MS + LEASE_MS,
    );
    assert.equal(opensAtMs({ map: given }, { ...before, map: undefined }), AT_MS + LEASE_MS);
  });

  test('waits for whom the one that gave it up would have waited', () => {
    assert.equal(opensAtMs({ map: given }, before, AT_MS + 700), AT_MS + 700);
  });
});

describe('who was not in the generation before', () => {
  const map = mapOf('me', { old: 7, me: -1 });
  const told = (knownGenerationId: number, waitMs: number) =>
    nextLeaseState(
      undefined,
      {
        generationId: 8,
        map: { ...map, told: { knownGenerationId, waitsMs: [waitMs] } },
        atMs: AT_MS,
      },
      { leaseMs: LEASE_MS, shardCount: 1 },
    ).opensAtMs[0];

  test('takes the word of a leader that was', () => {
    assert.equal(told(7, 0), AT_MS);
    assert.equal(told(7, 300), AT_MS + 300);
  });

  test('and no other’s', () => {
    assert.equal(told(6, 0), AT_MS + LEASE_MS);
    assert.equal(told(-1, 0), AT_MS + LEASE_MS);
  });
});

describe('a leader', () => {
  const timers = new ManualTimers();
  const lease = new Lease({
    clock: timers.clock,
    leaseMs: LEASE_MS,
    shardCount: 1,
    lastConfirmedMs: () => 0,
  });
  timers.advance(5_000);

  test('tells nothing before it knows a generation, then how long others must wait', () => {
    const next = mapOf('me', { old: 7, me: -1 });
    assert.deepEqual(lease.waitsOf(next), { knownGenerationId: -1, waitsMs: [] });
    lease.assigned(7, mapOf('old', { old: 6 }));
    timers.advance(400.5);
    assert.deepEqual(lease.waitsOf(next), { knownGenerationId: 7, waitsMs: [600] });
    timers.advance(2_000);
    assert.deepEqual(lease.waitsOf(next), { knownGenerationId: 7, waitsMs: [0] });
    const crashed = mapOf('me', { me: 7 });
    assert.deepEqual(lease.waitsOf(crashed), { knownGenerationId: 7, waitsMs: [LEASE_MS] });
  });
});

describe('an owner', () => {
  function play() {
    const timers = new ManualTimers();
    timers.advance(10_000);
    let lastConfirmedMs = 10_000;
    const lease = new Lease({
      clock: timers.clock,
      leaseMs: LEASE_MS,
      shardCount: 1,
      lastConfirmedMs: () => lastConfirmedMs,
    });
    return { timers, lease, confirmed: (ms: number) => (lastConfirmedMs = ms) };
  }

  test('answers while its last acknowledged heartbeat was sent less than a lease ago', () => {
    const { timers, lease, confirmed } = play();
    const tenure = { answersFromMs: -Infinity };
    assert.ok(lease.holds(tenure));
    timers.advance(999);
    assert.ok(lease.holds(tenure));
    timers.advance(1);
    assert.ok(!lease.holds(tenure));
    confirmed(10_900);
    assert.ok(lease.holds(tenure));
    confirmed(-Infinity);
    assert.ok(!lease.holds(tenure));
  });

  test('does not before its tenure’s time, and never without a generation', () => {
    const { timers, lease, confirmed } = play();
    assert.ok(!lease.holds({ answersFromMs: lease.opensAtMs(0) }));
    lease.assigned(1, mapOf('me', { me: -1 }));
    const tenure = { answersFromMs: lease.opensAtMs(0) };
    timers.advance(999);
    confirmed(10_999);
    assert.ok(!lease.holds(tenure));
    timers.advance(1);
    assert.ok(lease.holds(tenure));
  });
});
