import type { Address } from '@chat-cluster/app-chat-node/settings';
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
 * Serves UserService and server reflection, and nothing else, to whoever asks: gRPC clients (without TLS), and curl with JSON.
 * Rejects with an RpcListenError.
 */
export function startFrontEnd(options: {
  /** Port 0 for any that is free. */
  readonly address: Address;
  readonly ask: AskUser;
  readonly report: Report;
}): Promise<RpcServer> {
  const { address, ask, report } = options;
  return listenRpc({
    ...address,
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
