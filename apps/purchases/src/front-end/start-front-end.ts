import { UserService } from '@chat-cluster/contract/purchases';
import { listenRpc, type Report, type RpcServer } from '@chat-cluster/engine';
import { systemTimers } from '@chat-cluster/kernel';
import { serveReflection } from './server-reflection.ts';
import { type AskUser, serveUsers, userStats } from './user-service.ts';

/**
 * Of one connection; further ones wait at the caller, where their own time-outs end them. All calls that have come are taken in one go, at some 0.3 ms each: with thousands of them the node
 * sends no heartbeat for seconds, and is out of the group.
 */
const CALLS_AT_ONCE_MAX = 128;

/**
 * Serves UserService and server reflection on loopback, to whoever asks: gRPC clients (without TLS), and curl with JSON.
 * Rejects with an RpcListenError.
 */
export function startFrontEnd(options: {
  /** 0 for any that is free. */
  readonly port: number;
  readonly ask: AskUser;
  readonly report: Report;
}): Promise<RpcServer> {
  const { port, ask, report } = options;
  return listenRpc({
    host: '127.0.0.1',
    port,
    access: { kind: 'anyone' },
    limits: { streamCountMax: CALLS_AT_ONCE_MAX },
    unary: [userStats(ask)],
    routes: (router) => {
      serveUsers(router, ask);
      serveReflection(router, [UserService]);
    },
    timers: systemTimers,
    report,
  });
}
