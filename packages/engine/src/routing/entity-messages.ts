import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  AskRequestSchema,
  AskResponseSchema,
  type InputPositionSchema,
  ShardMapResponseSchema,
  type AskRequest,
  type AskResponse,
  type InputPosition as InputPositionMessage,
  type NotOwner,
  type ShardMapResponse,
} from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import type { Answer, AskOutcome, InputPosition, Question } from './entity-owner.ts';
import type { ShardMap } from './shard-map.ts';

export function encodeAskRequest(
  entityType: string,
  question: Question,
  { isHop }: { readonly isHop: boolean },
): AskRequest {
  const { including } = question;
  return create(AskRequestSchema, {
    entityType,
    entityId: question.entityId,
    question: question.question,
    current: question.isCurrent,
    ...(including && { including: encodePosition(including) }),
    isHop,
  });
}

export function decodeQuestion(request: AskRequest): Question {
  return {
    entityId: request.entityId,
    question: request.question,
    isCurrent: request.current,
    including: request.including && decodePosition(request.including),
  };
}

export function encodeAnswer(answer: Answer): AskResponse {
  return create(AskResponseSchema, {
    outcome: {
      case: 'answer',
      value: {
        answer: answer.answer,
        seqNext: BigInt(answer.seqNext),
        positions: answer.positions.map(encodePosition),
        worker: answer.worker,
      },
    },
  });
}

export function encodeNotOwner(map: ShardMap | undefined): AskResponse {
  return create(AskResponseSchema, {
    outcome: { case: 'notOwner', value: { ...(map && { map: encodeMap(map) }) } },
  });
}

/** Undefined for a response that says nothing. */
export function decodeAskResponse({ outcome }: AskResponse): AskOutcome | undefined {
  if (outcome.case === 'notOwner') return { kind: 'not-owner', map: decodeNotOwner(outcome.value) };
  if (outcome.case === undefined) return undefined;
  const { answer, seqNext, positions, worker } = outcome.value;
  return {
    kind: 'answered',
    answer: { answer, seqNext: Number(seqNext), positions: positions.map(decodePosition), worker },
  };
}

export function decodeNotOwner({ map }: NotOwner): ShardMap | undefined {
  return map && decodeMap(map);
}

export function encodeMap(map: ShardMap): ShardMapResponse {
  return create(ShardMapResponseSchema, {
    generationId: map.generationId,
    members: map.members.map(({ name, endpoint, memberId }) => ({ name, endpoint, memberId })),
    owners: [...map.owners],
  });
}

export function decodeMap({ generationId, members, owners }: ShardMapResponse): ShardMap {
  return {
    generationId,
    members: members.map(({ name, endpoint, memberId }) => ({ name, endpoint, memberId })),
    owners: [...owners],
  };
}

function encodePosition(position: InputPosition): MessageInitShape<typeof InputPositionSchema> {
  return { ...position, offsetNext: BigInt(position.offsetNext) };
}

function decodePosition(position: InputPositionMessage): InputPosition {
  const { topic, topicId, partition, offsetNext } = position;
  return { topic, topicId, partition, offsetNext: Number(offsetNext) };
}
