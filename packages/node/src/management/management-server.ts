import { createServer, type ServerResponse } from 'node:http';
import type { ShardStatus } from '@chat-cluster/engine';
import { closeServer, listenOnLoopback } from '../listen.ts';
import type { ExplainRoute } from './explain-route.ts';
import { metricsText, type MeasuredWorker } from './metrics-text.ts';

/** What the management server shows of a worker. */
export type ManagedWorker = MeasuredWorker & {
  readonly isProcessing: boolean;
  shards(): readonly ShardStatus[];
  troubles(): readonly string[];
};

export type ManagementServer = {
  readonly port: number;
  /** From now on /ready answers 200 while records are processed. */
  ready(): void;
  close(): Promise<void>;
};

/**
 * For operators and probes, on loopback, JSON:
 *
 *     /alive                          the process answers
 *     /ready                          started, every shard running or taking over, intake not paused; else 503. In both cases
 *                                     with sentences about what is wrong, such as a journal that is away
 *     /metrics                        Prometheus text
 *     /cluster/shards/{entityType}    this node's shards; `?detail` adds phase, reason, lag and backlog
 *     /explain                        what became of a record (`?topic=&partition=&offset=`) or a message (`?messageId=`, `&entityId=`)
 */
export async function startManagementServer(options: {
  readonly port: number;
  readonly entityType: string;
  /** May grow while the node starts. */
  readonly workers: readonly ManagedWorker[];
  readonly explain: ExplainRoute;
}): Promise<ManagementServer> {
  const { entityType, workers } = options;
  const shardsPath = `/cluster/shards/${entityType}`;
  let isStarted = false;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method !== 'GET') return answer(response, 405, { error: 'Only GET is answered.' });
    switch (url.pathname) {
      case '/alive':
        return answer(response, 200, { alive: true });
      case '/ready':
        return answerReady(response, isStarted, workers);
      case '/metrics':
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
        return response.end(metricsText(workers));
      case shardsPath:
        return answer(response, 200, { regions: regions(workers, url.searchParams.has('detail')) });
      case '/explain':
        return void options.explain.answer(url.searchParams).then(({ status, body }) => {
          answer(response, status, body);
        });
      default:
        return answer(response, 404, {
          error: `Try /alive, /ready, /metrics, ${shardsPath} or /explain.`,
        });
    }
  });
  const port = await listenOnLoopback(server, { port: options.port, setting: '--management-port' });
  return {
    port,
    ready: () => {
      isStarted = true;
    },
    close: () => closeServer(server),
  };
}

function answerReady(
  response: ServerResponse,
  isStarted: boolean,
  workers: readonly ManagedWorker[],
): void {
  const troubles = workers.flatMap((worker) => worker.troubles());
  if (!isStarted) troubles.unshift('The node is starting.');
  const ready = isStarted && workers.every((worker) => worker.isProcessing);
  answer(response, ready ? 200 : 503, { ready, troubles });
}

function regions(workers: readonly ManagedWorker[], withDetail: boolean): unknown[] {
  return workers
    .flatMap((worker) => worker.shards())
    .map(({ shard, entityCount, ...detail }) => ({
      shardId: String(shard),
      numEntities: entityCount,
      ...(withDetail ? detail : {}),
    }));
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
