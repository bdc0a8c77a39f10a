import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Explain, Report } from '@chat-cluster/engine';
import { closeServer, listen } from '../listen.ts';
import type { AbsentWorker, WorkerStatus } from '../worker-status.ts';
import { explainRoute } from './explain-route.ts';
import { mayAsk } from './management-access.ts';
import { membersAnswer } from './members-answer.ts';
import { metricsText, type MeasuredProcess } from './metrics-text.ts';
import { readiness } from './readiness.ts';
import { allShardsAnswer, detailedShardsAnswer, shardsAnswer } from './shards-answer.ts';

/** Where operators and probes reach a node. */
export type ManagementAddress = {
  /** Default: loopback. Another one needs a token. */
  readonly host?: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Who asks shows it as `Authorization: Bearer TOKEN`. Default: nobody needs to. */
  readonly token?: string | undefined;
};

export type ManagementServer = {
  readonly port: number;
  /** From now on /ready answers 200 while records are processed. */
  ready(): void;
  close(): Promise<void>;
};

type ManagementOptions = {
  readonly address: ManagementAddress;
  readonly entityType: string;
  /** The node's workers, in order; not all of them while it starts. */
  readonly look: () => Promise<readonly (WorkerStatus | AbsentWorker)[]>;
  readonly explain: Explain;
  /** Of the node's own process, where its workers live in others. */
  readonly own?: () => MeasuredProcess | undefined;
  /** Told why a question could not be answered. */
  readonly report: Report;
};

/**
 * For operators and probes, JSON:
 *
 *     /alive                          the process answers
 *     /ready                          200: every worker has started, its shards run or are taken over, intake is not paused; else 503.
 *                                     In both cases with sentences about what is wrong, such as a journal that is away
 *     /metrics                        Prometheus text
 *     /cluster/members                who is in the group, how many shards each has, which are this node
 *     /cluster/shards/{entityType}    this node's shards; `?detail` adds state, reason, lag and backlog; `?all` gives the owners of all
 *     /explain                        what became of a record (`?topic=&partition=&offset=`) or a message (`?messageId=`, `&entityId=`)
 *
 * Rejects with a StartError when it cannot listen.
 */
export async function startManagementServer(options: ManagementOptions): Promise<ManagementServer> {
  const { token } = options.address;
  let isStarted = false;
  const server = createServer((request, response) => {
    if (!mayAsk(request, token)) {
      response.setHeader('www-authenticate', 'Bearer');
      return answer(response, 401, { error: 'Show the token: Authorization: Bearer TOKEN.' });
    }
    if (request.method !== 'GET') return answer(response, 405, { error: 'Only GET is answered.' });
    route(request, response, { ...options, isStarted }).catch((error: unknown) => {
      const [path] = (request.url ?? '/').split('?', 1);
      options.report('error', 'The management server could not answer.', { path, error });
      answer(response, 500, { error: 'This could not be answered: the node’s log says why.' });
    });
  });
  const { host = LOOPBACK, port } = options.address;
  const listening = await listen(server, { host, port, setting: '--management-port' });
  return {
    port: listening,
    ready: () => {
      isStarted = true;
    },
    close: () => closeServer(server),
  };
}

const LOOPBACK = '127.0.0.1';
const SHARDS_PATH = '/cluster/shards/';
const PATHS = '/alive, /ready, /metrics, /explain, /cluster/members';

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  node: ManagementOptions & { readonly isStarted: boolean },
): Promise<void> {
  const { entityType, explain, isStarted, look, own } = node;
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  switch (path) {
    case '/alive':
      return answer(response, 200, { alive: true });
    case '/ready': {
      const state = readiness(await look(), isStarted);
      return answer(response, state.ready ? 200 : 503, state);
    }
    case '/metrics': {
      const workers = (await look()).filter((worker) => worker.kind === 'status');
      const text = metricsText(workers, own?.());
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end(text);
      return;
    }
    case '/cluster/members':
      return answer(response, 200, membersAnswer(await look()));
    case '/explain': {
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const { status, body } = await explainRoute(explain, query, gone.signal);
      return answer(response, status, body);
    }
    default:
      if (path.startsWith(SHARDS_PATH)) {
        const asked = path.slice(SHARDS_PATH.length);
        if (asked === entityType) return answer(response, 200, shardsOf(await look(), query));
        const error = `This node has no entities of type "${asked}"; it has ${entityType}.`;
        return answer(response, 404, { error, entityTypes: [entityType] });
      }
      return answer(response, 404, { error: `Try ${PATHS} or ${SHARDS_PATH}${entityType}.` });
  }
}

function shardsOf(workers: readonly (WorkerStatus | AbsentWorker)[], query: string): unknown {
  const searchParams = new URLSearchParams(query);
  if (searchParams.has('all')) return allShardsAnswer(workers);
  return searchParams.has('detail') ? detailedShardsAnswer(workers) : shardsAnswer(workers);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(text);
}
