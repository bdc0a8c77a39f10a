import { systemClock, systemRandom, systemTimers } from '@chat-cluster/kernel';
import { listenRpc } from '../rpc/listen-rpc.ts';
import { EntityRouter } from './entity-router.ts';
import { entityRoutes } from './entity-service.ts';
import { RpcPeers } from './rpc-peers.ts';
import { ScriptedOwner } from './scripted-owner.ts';
import type { ShardMap } from './shard-map.ts';

/** A process for tests that is member b, until its parent tells it to leave the group, or to be another one; it has the map that its parent gives it. */
const owner = new ScriptedOwner('b');
process.on('message', (message: ShardMap | 'be another member' | 'leave') => {
  if (message === 'leave') return owner.leave();
  if (message === 'be another member') owner.memberId = 'c';
  else owner.setMap(message);
  process.send?.('done');
});
const router = new EntityRouter({
  owners: [owner],
  peers: new RpcPeers({}, systemTimers),
  clock: systemClock,
  timers: systemTimers,
  random: systemRandom,
});
const { port } = await listenRpc({
  host: '127.0.0.1',
  port: 0,
  routes: entityRoutes(router, async () => ({
    kind: 'refused',
    code: 'unreadable',
    reason: 'This process reads no log.',
  })),
  access: { kind: 'nodes' },
  timers: systemTimers,
  report: () => undefined,
});
process.send?.({ port });
