import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  ExplainResponseSchema,
  type ExplainRequest,
  type ExplainResponse,
  type ExplanationSchema,
  type FoundRecordSchema,
  type RecordPlaceSchema,
} from '../../gen/chatcluster/engine/v1/entity_service_pb.ts';
import type { Explained, ExplainQuestion, ExplainRefusedCode } from './explain-outcome.ts';
import type { Explanation, FoundRecord, RecordAt } from './explanation.ts';

/** Throws INVALID_ARGUMENT for a request that names nothing. */
export function decodeExplainRequest({ question }: ExplainRequest): ExplainQuestion {
  if (question.case === 'message' && question.value.messageId !== '') {
    const { entityId, messageId } = question.value;
    return { kind: 'message', messageId, entityId: entityId === '' ? undefined : entityId };
  }
  if (question.case === 'record' && question.value.topic !== '') {
    const { topic, partition, offset } = question.value;
    if (partition >= 0 && offset >= 0n && offset <= Number.MAX_SAFE_INTEGER) {
      return { kind: 'record', at: { topic, partition, offset: Number(offset) } };
    }
  }
  throw new ConnectError(
    'Name a record (its topic, partition and offset) or a message (its messageId, its entityId too if you know it).',
    Code.InvalidArgument,
  );
}

export function encodeExplained({ explanations, searched = '' }: Explained): ExplainResponse {
  return create(ExplainResponseSchema, { explanations: explanations.map(life), searched });
}

const rpcCodes: Readonly<Record<ExplainRefusedCode, Code>> = {
  'no-message-ids': Code.InvalidArgument,
  deadline: Code.DeadlineExceeded,
  unreadable: Code.Unavailable,
  overloaded: Code.ResourceExhausted,
  failed: Code.Internal,
};

/** What a caller over the network gets for a refusal. */
export function explainRefusal(code: ExplainRefusedCode, reason: string): ConnectError {
  return new ConnectError(reason, rpcCodes[code]);
}

function life(explanation: Explanation): MessageInitShape<typeof ExplanationSchema> {
  const { record, forwardedFrom, home, timestampMs, recordsBefore } = explanation;
  const { deadLetter, events = [], outputs = [] } = explanation;
  return {
    record: place(record),
    state: explanation.state,
    ...(timestampMs !== undefined && { timestampMs: BigInt(timestampMs) }),
    ...(forwardedFrom && { forwardedFrom: place(forwardedFrom) }),
    entityType: explanation.entityType ?? '',
    entityId: explanation.entityId ?? '',
    ...(explanation.homePartition !== undefined && { homePartition: explanation.homePartition }),
    ...(home && { home: life(home) }),
    ...(recordsBefore !== undefined && { recordsBefore: BigInt(recordsBefore) }),
    events: events.map(({ seq, eventNumber, isParked, isJournaled, ...at }) => ({
      record: found(at),
      seq: BigInt(seq),
      eventNumber: BigInt(eventNumber),
      isParked,
      isJournaled,
    })),
    outputs: outputs.map(found),
    ...(deadLetter && {
      deadLetter: { record: found(deadLetter), code: deadLetter.code, reason: deadLetter.reason },
    }),
    sentences: [...explanation.sentences],
  };
}

function found(record: FoundRecord): MessageInitShape<typeof FoundRecordSchema> {
  return { at: place(record), appendedMs: BigInt(record.appendedMs) };
}

function place({ topic, partition, offset }: RecordAt): MessageInitShape<typeof RecordPlaceSchema> {
  return { topic, partition, offset: BigInt(offset) };
}
