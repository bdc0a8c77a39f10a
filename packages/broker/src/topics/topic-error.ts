import type { ErrorCode } from '../wire/error-codes.ts';

/** Why a topic was not created or changed: Kafka's code, and a sentence for the person who asked. */
export type TopicRefusal = { readonly errorCode: ErrorCode; readonly message: string };

export function refusal(errorCode: ErrorCode, message: string): TopicRefusal {
  return { errorCode, message };
}
