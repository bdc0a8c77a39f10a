import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import {
  AskRequestSchema,
  AskResponseSchema,
  EntityService,
  type AskRequest,
  type AskResponse,
  type AttendRequest,
  type ExplainRequest,
  type ExplainResponse,
  type RetiredStatesRequest,
  type RetiredStatesResponse,
  type ShardMapRequest,
  type ShardMapResponse,
} from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import { encodeRetiredPart } from '../hand-over/retired-messages.ts';
import {
  decodeExplainRequest,
  encodeExplained,
  explainRefusal,
} from '../management/explain/explain-messages.ts';
import { type Explain, EXPLAIN_DEADLINE_MS } from '../management/explain/explain-outcome.ts';
import type { UnaryCaller, UnaryMethod } from '../rpc/unary/unary-method.ts';
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
        answerAsk(router, request, {
          signal: context.signal,
          timeoutMs: context.timeoutMs(),
        }),
      watch: (request, context) => serveWatch(router, request, context.signal),
      shardMap: (request) => tellMap(router, request),
      attend: (request, context) => attend(router, request, context),
      explain: (request, context) => answerExplain(explain, request, context),
      retiredStates: (request) => giveRetiredStates(router, request),
    });
  };
}

/** The same Ask, for `listenRpc` to serve quickly: nodes ask each other thousands of times a second. */
export function entityAsk(router: EntityRouter): UnaryMethod {
  return {
    path: `/${EntityService.typeName}/${EntityService.method.ask.name}`,
    answer: async (message, caller) => {
      const request = readAsk(message);
      return toBinary(AskResponseSchema, await answerAsk(router, request, caller));
    },
  };
}

function readAsk(message: Uint8Array): AskRequest {
  try {
    return fromBinary(AskRequestSchema, message);
  } catch (cause) {
    throw new ConnectError('The question cannot be decoded.', Code.InvalidArgument, {}, [], cause);
  }
}

function answerAsk(
  router: EntityRouter,
  request: AskRequest,
  caller: UnaryCaller,
): Promise<AskResponse> {
  return request.isHop
    ? answerHop(router, request, caller)
    : answerAnywhere(router, request, caller);
}

async function answerAnywhere(
  router: EntityRouter,
  request: AskRequest,
  { signal, timeoutMs }: UnaryCaller,
): Promise<AskResponse> {
  const { entityId, question, isCurrent, including } = decodeQuestion(request);
  const deadlineMs = askDeadlineMs(timeoutMs);
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
  { signal }: UnaryCaller,
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
  { signal, timeoutMs }: HandlerContext,
): Promise<ExplainResponse> {
  const question = decodeExplainRequest(request);
  const deadlineMs = askDeadlineMs(timeoutMs(), EXPLAIN_DEADLINE_MS);
  const outcome = await explain(question, deadlineMs, signal);
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

/** Each part is encoded when the one before is written. */
async function* giveRetiredStates(
  { owners }: EntityRouter,
  { entityType, memberId, shards }: RetiredStatesRequest,
): AsyncGenerator<RetiredStatesResponse> {
  const owner = owners.worker(entityType, memberId);
  if (owner === undefined) {
    throw new ConnectError('This member of the group does not live here.', Code.NotFound);
  }
  for (const part of owner.retiredParts(shards)) yield encodeRetiredPart(part);
}
