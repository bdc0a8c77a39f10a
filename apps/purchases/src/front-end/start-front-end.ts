import { UserService } from '@chat-cluster/contract/purchases';
import { listenRpc, type Report, type RpcServer } from '@chat-cluster/engine';
import { systemTimers } from '@chat-cluster/kernel';
import { serveReflection } from './server-reflection.ts';
import { type AskUser, serveUsers } from './user-service.ts';

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
    routes: (router) => {
      serveUsers(router, ask);
      serveReflection(router, [UserService]);
    },
    timers: systemTimers,
    report,
  });
}
