import { create } from '@bufbuild/protobuf';
import {
  WatchResponseSchema,
  type WatchRequest,
  type WatchResponse,
} from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import { encodeMap } from './entity-messages.ts';
import type { WatchedEvent } from './entity-owner.ts';
import type { EntityRouter } from './entity-router.ts';
import { toConnectError } from './refusal.ts';
import { RouterError } from './router-error.ts';
import { streamOf } from './stream-of.ts';
import type { OnEvent } from './watch-entity.ts';

/** A watch as a stream of messages: to another node of the worker here only, to everybody else across hand-overs. The next event is taken when the one before is written. */
export async function* serveWatch(
  router: EntityRouter,
  request: WatchRequest,
  signal: AbortSignal,
): AsyncGenerator<WatchResponse> {
  const { entityType, entityId, isHop } = request;
  const watched = { entityType, entityId, seqFrom: Number(request.seqFrom) };
  const stream = streamOf<WatchedEvent, WatchResponse>(
    (onEvent, ending) =>
      isHop ? watchHere(router, watched, onEvent, ending) : router.watch(watched, onEvent, ending),
    signal,
  );
  try {
    let next = await stream.next();
    for (; !next.done; next = await stream.next()) yield encodeEvent(next.value);
    yield next.value;
  } catch (error) {
    throw error instanceof RouterError ? toConnectError(error) : error;
  } finally {
    await stream.return(undefined as never);
  }
}

/** Resolves with the last message. */
async function watchHere(
  { maps, owners }: EntityRouter,
  watched: { readonly entityType: string; readonly entityId: string; readonly seqFrom: number },
  onEvent: OnEvent,
  signal: AbortSignal,
): Promise<WatchResponse> {
  const { entityType, entityId } = watched;
  const owner = owners.ownerHere(entityType, entityId);
  const end = await owner?.watch(watched, onEvent, signal);
  if (end?.kind === 'refused') throw new RouterError(end.code, end.reason);
  if (end?.kind === 'too-slow') {
    throw new RouterError('too-slow', `The watcher of ${entityType} ${entityId} did not keep up.`);
  }
  if (end?.map) maps.learn(entityType, end.map);
  const map = maps.youngest(entityType);
  return create(WatchResponseSchema, {
    message: { case: 'notOwner', value: { ...(map && { map: encodeMap(map) }) } },
  });
}

function encodeEvent({ seq, event, skippedCount, timestampMs }: WatchedEvent): WatchResponse {
  return create(WatchResponseSchema, {
    message: {
      case: 'event',
      value: {
        seq: BigInt(seq),
        event,
        timestampMs: BigInt(timestampMs),
        skippedCount: BigInt(skippedCount),
      },
    },
  });
}
