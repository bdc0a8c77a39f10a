import type { ExplainQuestion } from './explain-outcome.ts';

/** Reads the parameters of `/explain`: `topic`, `partition`, `offset`; or `messageId`, and `entityId` if it is known. A text says what is wrong with them. */
export function readExplainQuestion(parameters: URLSearchParams): ExplainQuestion | string {
  const messageId = parameters.get('messageId');
  if (messageId !== null && messageId !== '') {
    return { kind: 'message', messageId, entityId: parameters.get('entityId') ?? undefined };
  }
  const topic = parameters.get('topic');
  const partition = wholeNumber(parameters.get('partition'));
  const offset = wholeNumber(parameters.get('offset'));
  if (!topic || partition === undefined || offset === undefined) {
    return 'Name a record (?topic=…&partition=N&offset=N) or a message (?messageId=…, &entityId=… if you know it).';
  }
  return { kind: 'record', at: { topic, partition, offset } };
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
