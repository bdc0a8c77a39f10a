import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { systemRandom, systemTimers } from '@chat-cluster/kernel';
import { PeerWatch } from './peer-watch.ts';
import { RpcPeers } from './rpc-peers.ts';
import { mapOf, ScriptedOwner } from './scripted-owner.ts';

type Attended = {
  readonly process: ChildProcess;
  readonly port: number;
};

async function startAttended(t: TestContext): Promise<Attended> {
  const child = fork(new URL('attended-process.ts', import.meta.url));
  t.after(() => child.kill('SIGKILL'));
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { process: child, port };
}

/** Member a looks after member b at that port. */
function watch(t: TestContext, port: number) {
  const owner = new ScriptedOwner('a');
  const peers = new RpcPeers({}, systemTimers);
  const removed: string[] = [];
  const peerWatch = new PeerWatch({
    owners: [owner],
    groupId: 'group',
    admin: {
      async removeMember({ groupId, memberId }) {
        removed.push(`${memberId} of ${groupId}`);
      },
    },
    attending: peers,
    onOut: ({ name }) => removed.push(`told: ${name}`),
    timers: systemTimers,
    random: systemRandom,
    report: () => undefined,
  });
  owner.setMap(mapOf(1, { a: '127.0.0.1:1', b: `127.0.0.1:${port}` }));
  t.after(async () => {
    await peerWatch.close();
    peers.close();
  });
  /** Resolves when member b has confirmed itself, or has not any more. */
  const confirmed = async (isSo: boolean): Promise<void> => {
    while ((peerWatch.confirmedCount === 1) !== isSo) await pass(2);
  };
  return { removed, confirmed };
}

/** A way to the port that can be cut while the port itself goes on. */
async function startTunnel(t: TestContext, toPort: number) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const other = connect(toPort, '127.0.0.1');
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
    sockets.clear();
  };
  const close = (): void => {
    server.close();
    cut();
  };
  t.after(close);
  return { port: (server.address() as AddressInfo).port, cut, close };
}

suite('a node that looks after another one', () => {
  test('takes it out of the group once when it was killed', async (t) => {
    const attended = await startAttended(t);
    const { removed, confirmed } = watch(t, attended.port);
    await confirmed(true);
    attended.process.kill('SIGKILL');
    await once(attended.process, 'exit');
    while (removed.length < 2) await pass(5);
    await pass(300);
    assert.deepEqual(removed, ['b of group', 'told: worker of b']);
  });

  test('leaves it in the group while it is paused, and looks after it again when it wakes', async (t) => {
    const attended = await startAttended(t);
    const { removed, confirmed } = watch(t, attended.port);
    await confirmed(true);
    attended.process.kill('SIGSTOP');
    await confirmed(false);
    // Longer than it may take to confirm itself again.
    await pass(2_000);
    assert.deepEqual(removed, []);
    attended.process.kill('SIGCONT');
    await confirmed(true);
    assert.deepEqual(removed, []);
    attended.process.kill('SIGKILL');
    while (removed.length < 2) await pass(5);
  });

  test('leaves it in the group when only the connection broke', async (t) => {
    const attended = await startAttended(t);
    const tunnel = await startTunnel(t, attended.port);
    const { removed, confirmed } = watch(t, tunnel.port);
    for (let times = 0; times < 3; times++) {
      await confirmed(true);
      tunnel.cut();
      await confirmed(false);
    }
    await confirmed(true);
    assert.deepEqual(removed, []);
  });

  test('leaves it in the group when another process has its endpoint, also after that one is gone', async (t) => {
    const attended = await startAttended(t);
    const tunnel = await startTunnel(t, attended.port);
    const { removed, confirmed } = watch(t, tunnel.port);
    await confirmed(true);
    attended.process.send('be another member');
    await once(attended.process, 'message');
    tunnel.cut();
    await confirmed(false);
    await pass(500);
    tunnel.close();
    await pass(1_500);
    assert.deepEqual(removed, []);
  });

  test('does not remove it when it leaves as planned, and tells the workers here at once', async (t) => {
    const attended = await startAttended(t);
    const { removed, confirmed } = watch(t, attended.port);
    await confirmed(true);
    attended.process.send('leave');
    while (removed.length < 1) await pass(5);
    attended.process.kill('SIGTERM');
    await once(attended.process, 'exit');
    await pass(1_500);
    assert.deepEqual(removed, ['told: worker of b']);
  });

  test('leaves it to others when it never answered', async (t) => {
    const tunnel = await startTunnel(t, 1);
    tunnel.close();
    const { removed } = watch(t, tunnel.port);
    await pass(1_500);
    assert.deepEqual(removed, []);
  });
});
