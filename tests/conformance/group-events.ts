import { subscriptionOf, type GroupScene } from './group-scenes.ts';

type Ask = (scene: GroupScene) => Promise<number | undefined>;

const other = [{ name: 'range', metadata: subscriptionOf('other') }];
const nobody = { memberId: 'nobody', groupInstanceId: null };
const fenced = { memberId: 'old', groupInstanceId: 'static' };
const none = { memberId: '', groupInstanceId: null };

/** What is asked of a group, under the names of the table in the broker's `docs/groups.md`. */
export const groupEvents: Readonly<Record<string, Ask>> = {
  'join of a stranger': (scene) => scene.join({}),
  'join of a stranger before v4': (scene) => scene.join({ version: 3 }),
  'join with a pending id': (scene) => scene.join({ memberId: scene.pending }),
  'join of a new instance': (scene) => scene.join({ groupInstanceId: 'new' }),
  'join of a known instance that came back': (scene) => scene.join({ groupInstanceId: 'static' }),
  'join of a known instance with another subscription': (scene) =>
    scene.join({ groupInstanceId: 'static', protocols: other }),
  'join of a known instance under an old id': (scene) => scene.join({ ...fenced }),
  'join of the leader': (scene) => scene.join({ ...scene.leader }),
  'join of a follower': (scene) => scene.join({ ...scene.follower }),
  'join of a follower with other metadata': (scene) =>
    scene.join({ ...scene.follower, protocols: other }),
  'join of an unknown member': (scene) => scene.join({ ...nobody }),
  'join with another protocol type': (scene) => scene.join({ protocolType: 'connect' }),
  'join with no protocol in common': (scene) =>
    scene.join({ protocols: [{ name: 'sticky', metadata: new Uint8Array(0) }] }),
  'join with no protocol at all': (scene) => scene.join({ protocols: [] }),
  'sync of the leader': (scene) => scene.sync(scene.leader, { isLeader: true }),
  'sync of a follower': (scene) => scene.sync(scene.follower),
  'sync of another generation': (scene) =>
    scene.sync(scene.follower, { generationId: scene.generationId - 1 }),
  'sync of an unknown member': (scene) => scene.sync(nobody),
  'sync for another protocol': (scene) => scene.sync(scene.follower, { protocolName: 'sticky' }),
  heartbeat: (scene) => scene.heartbeat(scene.follower),
  'heartbeat of another generation': (scene) =>
    scene.heartbeat(scene.follower, scene.generationId + 1),
  'heartbeat of an unknown member': (scene) => scene.heartbeat(nobody),
  'heartbeat of a fenced instance': (scene) => scene.heartbeat(fenced),
  'leave of a member': (scene) => scene.leave(scene.follower),
  'leave of an instance by its name': (scene) =>
    scene.leave({ memberId: '', groupInstanceId: 'static' }),
  'leave of a fenced instance': (scene) => scene.leave(fenced),
  'leave of an unknown instance': (scene) =>
    scene.leave({ memberId: '', groupInstanceId: 'nobody' }),
  'leave of a pending member': (scene) =>
    scene.leave({ memberId: scene.pending, groupInstanceId: null }),
  'commit of a member': (scene) => scene.commit(scene.follower),
  'commit of another generation': (scene) => scene.commit(scene.follower, scene.generationId - 1),
  'commit of an unknown member': (scene) => scene.commit(nobody),
  'commit of a fenced instance': (scene) => scene.commit(fenced),
  'commit without member and generation': (scene) => scene.commit(none, -1),
  'transactional commit of a member': (scene) => scene.commitInTransaction(scene.follower),
  'transactional commit of another generation': (scene) =>
    scene.commitInTransaction(scene.follower, scene.generationId - 1),
  'transactional commit of an unknown member': (scene) => scene.commitInTransaction(nobody),
  'transactional commit without member and generation': (scene) =>
    scene.commitInTransaction(none, -1),
};
