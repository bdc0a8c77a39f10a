import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  assignmentFor,
  GroupHarness,
  nameOf,
  type Pending,
  REBALANCE_TIMEOUT_MS,
  SESSION_TIMEOUT_MS,
  subscriptionOf,
} from './group-harness.ts';
import type { GroupPhaseName } from './group-phase.ts';

type Scene = {
  readonly harness: GroupHarness;
  readonly leader: string;
  readonly follower: string;
  /** A static member with instance id `static`. */
  readonly fixed: string;
  readonly pending: string;
  readonly generationId: number;
};

/** Does something to the group; gives the error code, or the answer that may come later. */
type Event = (scene: Scene) => number | Pending<{ readonly errorCode: number }>;

const other = [{ name: 'range', metadata: subscriptionOf(['topic', 'more']) }];

const events = {
  'join of a stranger': ({ harness }) => harness.join(),
  'join of a stranger before v4': ({ harness }) => harness.join({ requiresMemberId: false }),
  'join with a pending id': ({ harness, pending }) => harness.join({ memberId: pending }),
  'join of a new instance': ({ harness }) => harness.join({ groupInstanceId: 'new' }),
  'join of a known instance that came back': ({ harness }) =>
    harness.join({ groupInstanceId: 'static' }),
  'join of a known instance with another subscription': ({ harness }) =>
    harness.join({ groupInstanceId: 'static', protocols: other }),
  'join of a known instance under an old id': ({ harness }) =>
    harness.join({ groupInstanceId: 'static', memberId: 'old' }),
  'join of the leader': ({ harness, leader }) => harness.join({ memberId: leader }),
  'join of a follower': ({ harness, follower }) => harness.join({ memberId: follower }),
  'join of a follower with other metadata': ({ harness, follower }) =>
    harness.join({ memberId: follower, protocols: other }),
  'join of an unknown member': ({ harness }) => harness.join({ memberId: 'nobody' }),
  'join with another protocol type': ({ harness }) => harness.join({ protocolType: 'connect' }),
  'join with no protocol in common': ({ harness }) =>
    harness.join({ protocols: [{ name: 'sticky', metadata: new Uint8Array(0) }] }),
  'join with no protocol at all': ({ harness }) => harness.join({ protocols: [] }),
  'sync of the leader': ({ harness, leader, generationId }) => {
    const assignments = [{ memberId: leader, assignment: assignmentFor(leader) }];
    return harness.sync({ memberId: leader, generationId, assignments });
  },
  'sync of a follower': ({ harness, follower, generationId }) =>
    harness.sync({ memberId: follower, generationId }),
  'sync of another generation': ({ harness, follower, generationId }) =>
    harness.sync({ memberId: follower, generationId: generationId - 1 }),
  'sync of an unknown member': ({ harness, generationId }) =>
    harness.sync({ memberId: 'nobody', generationId }),
  'sync for another protocol': ({ harness, follower, generationId }) =>
    harness.sync({ memberId: follower, generationId, protocolName: 'sticky' }),
  heartbeat: ({ harness, follower, generationId }) =>
    harness.group.heartbeat({ memberId: follower, groupInstanceId: null, generationId }),
  'heartbeat of another generation': ({ harness, follower: memberId, generationId }) =>
    harness.group.heartbeat({
      memberId,
      groupInstanceId: null,
      generationId: generationId + 1,
    }),
  'heartbeat of an unknown member': ({ harness, generationId }) =>
    harness.group.heartbeat({ memberId: 'nobody', groupInstanceId: null, generationId }),
  'heartbeat of a fenced instance': ({ harness, generationId }) =>
    harness.group.heartbeat({ memberId: 'old', groupInstanceId: 'static', generationId }),
  'leave of a member': ({ harness, follower }) =>
    harness.group.leave({ memberId: follower, groupInstanceId: null }),
  'leave of an instance by its name': ({ harness }) =>
    harness.group.leave({ memberId: '', groupInstanceId: 'static' }),
  'leave of a fenced instance': ({ harness }) =>
    harness.group.leave({ memberId: 'old', groupInstanceId: 'static' }),
  'leave of an unknown instance': ({ harness }) =>
    harness.group.leave({ memberId: '', groupInstanceId: 'nobody' }),
  'leave of a pending member': ({ harness, pending }) =>
    harness.group.leave({ memberId: pending, groupInstanceId: null }),
  'leave of everybody': ({ harness, leader, follower, fixed, pending }) => {
    for (const memberId of [leader, follower, fixed, pending]) {
      harness.group.leave({ memberId, groupInstanceId: null });
    }
    return 0;
  },
  'commit of a member': ({ harness, follower: memberId, generationId }) =>
    harness.group.checkCommit({ memberId, groupInstanceId: null, generationId }),
  'commit of another generation': ({ harness, follower: memberId, generationId }) =>
    harness.group.checkCommit({
      memberId,
      groupInstanceId: null,
      generationId: generationId - 1,
    }),
  'commit of an unknown member': ({ harness, generationId }) =>
    harness.group.checkCommit({ memberId: 'nobody', groupInstanceId: null, generationId }),
  'commit of a fenced instance': ({ harness, generationId }) =>
    harness.group.checkCommit({ memberId: 'old', groupInstanceId: 'static', generationId }),
  'commit without member and generation': ({ harness }) =>
    harness.group.checkCommit({ memberId: '', groupInstanceId: null, generationId: -1 }),
  'transactional commit of a member': ({ harness, follower: memberId, generationId }) =>
    harness.group.checkCommit(
      { memberId, groupInstanceId: null, generationId },
      { isTransactional: true },
    ),
  'transactional commit of another generation': ({ harness, follower: memberId, generationId }) =>
    harness.group.checkCommit(
      { memberId, groupInstanceId: null, generationId: generationId - 1 },
      { isTransactional: true },
    ),
  'transactional commit of an unknown member': ({ harness, generationId }) =>
    harness.group.checkCommit(
      { memberId: 'nobody', groupInstanceId: null, generationId },
      { isTransactional: true },
    ),
  'transactional commit without member and generation': ({ harness }) =>
    harness.group.checkCommit(
      { memberId: '', groupInstanceId: null, generationId: -1 },
      { isTransactional: true },
    ),
  'end of all sessions': ({ harness }) => {
    harness.timers.advance(SESSION_TIMEOUT_MS);
    return 0;
  },
  'end of the time for this phase': ({ harness, leader, follower, fixed, generationId }) => {
    for (let elapsedMs = 0; elapsedMs < REBALANCE_TIMEOUT_MS; elapsedMs += 5_000) {
      for (const memberId of [leader, follower, fixed]) {
        harness.group.heartbeat({ memberId, groupInstanceId: null, generationId });
      }
      harness.timers.advance(5_000);
    }
    return 0;
  },
} satisfies Record<string, Event>;

const scenes: Record<GroupPhaseName, () => Promise<Scene>> = {
  Empty: async () => {
    const scene = await stableScene();
    for (const memberId of [scene.leader, scene.follower, scene.fixed, scene.pending]) {
      scene.harness.group.leave({ memberId, groupInstanceId: null });
    }
    return { ...withPending(scene), generationId: scene.generationId + 1 };
  },
  PreparingRebalance: async () => {
    const scene = await stableScene();
    scene.harness.join({ memberId: scene.leader });
    return scene;
  },
  CompletingRebalance: async () => {
    const harness = new GroupHarness();
    const [first] = await harness.completing([{}, {}, { groupInstanceId: 'static' }]);
    assert.ok(first);
    return sceneOf(
      harness,
      first.members.map(({ memberId }) => memberId),
    );
  },
  Stable: () => stableScene(),
  Dead: async () => {
    const scene = await scenes.Empty();
    scene.harness.group.die();
    return scene;
  },
};

async function stableScene(): Promise<Scene> {
  const harness = new GroupHarness();
  return sceneOf(harness, await harness.stable([{}, {}, { groupInstanceId: 'static' }]));
}

function sceneOf(harness: GroupHarness, [leader = '', follower = '', fixed = '']: string[]): Scene {
  return withPending({ harness, leader, follower, fixed, pending: '', generationId: 1 });
}

function withPending(scene: Scene): Scene {
  return { ...scene, pending: scene.harness.join().answer?.memberId ?? '' };
}

/** `answer`, `> phase` if it is another one, `+1` if a generation began. */
async function outcome(phaseName: GroupPhaseName, event: Event): Promise<string> {
  const scene = await scenes[phaseName]();
  const { harness, leader, generationId } = scene;
  assert.equal(harness.group.phaseName, phaseName);
  const given = event(scene);
  await harness.settle();
  const answer = nameOf(typeof given === 'number' ? given : given.answer?.errorCode);
  const next = { memberId: leader, groupInstanceId: null, generationId: generationId + 1 };
  const hasBegun = nameOf(harness.group.heartbeat(next)) === 'NONE';
  const after = harness.group.phaseName;
  return [answer, after === phaseName ? '' : `> ${after}`, hasBegun ? '+1' : ''].join(' ').trim();
}

/** The table under "Events in each phase" in docs/groups.md. */
function documentedTable(): Map<string, Map<string, string>> {
  const document = readFileSync(new URL('../../docs/groups.md', import.meta.url), 'utf8');
  const section = document.split('## Events in each phase')[1] ?? '';
  const [head = [], , ...rows] = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
  const byPhase = (cells: string[]) =>
    new Map(cells.map((cell, index) => [head[index] ?? '', cell]));
  return new Map(rows.map((cells) => [cells[0] ?? '', byPhase(cells)]));
}

describe('a group answers as its table says', () => {
  const expected = documentedTable();
  assert.deepEqual([...expected.keys()], Object.keys(events));
  for (const [name, event] of Object.entries<Event>(events)) {
    for (const phaseName of Object.keys(scenes) as GroupPhaseName[]) {
      test(`${name}, when ${phaseName}`, async () => {
        assert.equal(await outcome(phaseName, event), expected.get(name)?.get(phaseName));
      });
    }
  }
});
