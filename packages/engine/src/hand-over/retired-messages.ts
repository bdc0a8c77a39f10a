import { create } from '@bufbuild/protobuf';
import {
  RetiredStatesResponseSchema,
  type RetiredStatesResponse,
} from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import type { RetiredPart } from './former-owners.ts';

export function encodeRetiredPart({
  states,
  eventNumber,
  ...part
}: RetiredPart): RetiredStatesResponse {
  return create(RetiredStatesResponseSchema, {
    ...part,
    eventNumber: BigInt(eventNumber),
    states: states.map(({ seqNext, snapshotSeqNext, ...state }) => ({
      ...state,
      seqNext: BigInt(seqNext),
      snapshotSeqNext: BigInt(snapshotSeqNext),
    })),
  });
}

export function decodeRetiredPart(response: RetiredStatesResponse): RetiredPart {
  const { shard, eventTopicId, eventNumber, isLast, states } = response;
  return {
    shard,
    eventTopicId,
    eventNumber: Number(eventNumber),
    isLast,
    states: states.map(({ entityId, seqNext, snapshotSeqNext, state }) => ({
      entityId,
      seqNext: Number(seqNext),
      snapshotSeqNext: Number(snapshotSeqNext),
      state,
    })),
  };
}
