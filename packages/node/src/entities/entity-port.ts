import {
  entityAsk,
  entityRoutes,
  EntityRouter,
  listenRpc,
  RpcPeers,
  type EntityOwner,
  type Explain,
  type PeerCredentials,
  type Report,
} from '@chat-cluster/engine';
import { systemClock, systemRandom, systemTimers } from '@chat-cluster/kernel';
import { endpointText, type WorkerEndpoint } from '../worker-endpoint.ts';

/** Where this process answers for any entity, and how it asks others. */
export type EntityPort = {
  /** HOST:PORT, with the port that is listened on. */
  readonly endpoint: string;
  readonly router: EntityRouter;
  readonly peers: RpcPeers;
  /** Ends open calls with UNAVAILABLE. */
  close(): Promise<void>;
};

/**
 * Listens for other nodes and for who asks any node. `owners`: the worker of this process, if it has one; without, its questions go to the endpoints of `bootstrap` for the map of the shards.
 * Rejects with a RpcListenError, which says what to do.
 */
export async function openEntityPort(options: {
  readonly owners: readonly EntityOwner[];
  readonly bootstrap?: readonly string[];
  readonly endpoint: WorkerEndpoint;
  readonly explain: Explain;
  readonly report: Report;
}): Promise<EntityPort> {
  const { bootstrap = [], endpoint, explain, owners, report } = options;
  const { host, port, secret, tls } = endpoint;
  const peers = new RpcPeers(credentialsOf(endpoint), systemTimers);
  const router = new EntityRouter({
    owners,
    peers,
    bootstrap,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
  });
  const closeRouter = (): void => {
    router.close();
    peers.close();
  };
  try {
    const server = await listenRpc({
      host,
      port,
      routes: entityRoutes(router, explain),
      unary: [entityAsk(router)],
      access: { kind: 'nodes', secret },
      tls,
      timers: systemTimers,
      report,
    });
    return {
      endpoint: endpointText({ host, port: server.port }),
      router,
      peers,
      close: async () => {
        await server.close();
        closeRouter();
      },
    };
  } catch (error) {
    closeRouter();
    throw error;
  }
}

function credentialsOf({ secret, tls }: WorkerEndpoint): PeerCredentials {
  return { secret, tls };
}
