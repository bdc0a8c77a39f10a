import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import {
  EntityService,
  type AskRequest,
  type AskResponse,
  type AttendRequest,
  type ExplainRequest,
  type ExplainResponse,
  type ShardMapRequest,
  type ShardMapResponse,
} from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import {
  decodeExplainRequest,
  encodeExplained,
  explainRefusal,
} from '../management/explain/explain-messages.ts';
import { type Explain, EXPLAIN_DEADLINE_MS } from '../management/explain/explain-outcome.ts';
import { askDeadlineMs } from './ask-deadline.ts';
import { untilAborted } from './deadline.ts';
import { decodeQuestion, encodeAnswer, encodeMap, encodeNotOwner } from './entity-messages.ts';
import type { EntityRouter } from './entity-router.ts';
import { toConnectError } from './refusal.ts';
import { RouterError } from './router-error.ts';
import { serveWatch } from './serve-watch.ts';

/** The EntityService of a node: its own workers to other nodes, any entity and the life of any record to everybody else. For `listenRpc`. */
export function entityRoutes(
  router: EntityRouter,
  explain: Explain,
): (routes: ConnectRouter) => void {
  return (routes) => {
    routes.service(EntityService, {
      ask: (request, context) =>
        request.isHop ? answerHop(router, request, context) : answer(router, request, context),
      watch: (request, context) => serveWatch(router, request, context.signal),
      shardMap: (request) => tellMap(router, request),
      attend: (request, context) => attend(router, request, context),
      explain: (request, context) => answerExplain(explain, request, context),
    });
  };
}

async function answer(
  router: EntityRouter,
  request: AskRequest,
  { signal, timeoutMs }: HandlerContext,
): Promise<AskResponse> {
  const { entityId, question, isCurrent, including } = decodeQuestion(request);
  const deadlineMs = askDeadlineMs(timeoutMs());
  try {
    return encodeAnswer(
      await router.ask(request.entityType, entityId, question, {
        deadlineMs,
        isCurrent,
        including,
        signal,
      }),
    );
  } catch (error) {
    throw error instanceof RouterError ? toConnectError(error) : error;
  }
}

/** Of the worker here that owns the entity by the youngest map; nobody else is asked. */
async function answerHop(
  { counters, maps, owners }: EntityRouter,
  request: AskRequest,
  { signal }: HandlerContext,
): Promise<AskResponse> {
  const { entityType } = request;
  const question = decodeQuestion(request);
  const owner = owners.ownerHere(entityType, question.entityId);
  const outcome = await owner?.ask(question, signal);
  if (outcome === undefined || outcome.kind === 'not-owner') {
    if (outcome?.map) maps.learn(entityType, outcome.map);
    counters.hopsNotOwned += 1;
    return encodeNotOwner(maps.youngest(entityType));
  }
  counters.hopsServed += 1;
  if (outcome.kind === 'answered') return encodeAnswer(outcome.answer);
  throw toConnectError(new RouterError(outcome.code, outcome.reason));
}

function tellMap(
  { maps, owners }: EntityRouter,
  { entityType }: ShardMapRequest,
): ShardMapResponse {
  const map = maps.youngest(entityType);
  if (map) return encodeMap(map);
  const unknown = owners.unknownType(entityType);
  if (unknown) throw toConnectError(new RouterError(unknown.code, unknown.reason));
  throw new ConnectError(
    `This node has no map of ${entityType} yet: ask another node, or again in a second.`,
    Code.Unavailable,
  );
}

async function answerExplain(
  explain: Explain,
  request: ExplainRequest,
  { timeoutMs }: HandlerContext,
): Promise<ExplainResponse> {
  const question = decodeExplainRequest(request);
  const outcome = await explain(question, askDeadlineMs(timeoutMs(), EXPLAIN_DEADLINE_MS));
  if (outcome.kind === 'explained') return encodeExplained(outcome);
  throw explainRefusal(outcome.code, outcome.reason);
}

async function* attend(
  { owners }: EntityRouter,
  { memberId }: AttendRequest,
  { signal }: HandlerContext,
): AsyncGenerator<Record<string, never>> {
  const owner = owners.member(memberId);
  if (owner === undefined) {
    throw new ConnectError('This member of the group does not live here.', Code.NotFound);
  }
  yield {};
  await untilAborted(owner.left, signal);
  throw new ConnectError('This member has left its group.', Code.NotFound);
}
