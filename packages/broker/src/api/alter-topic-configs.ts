import { refuseTopicOverrides, type TopicOverrides } from '../topics/topic-config.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { ConfigResource } from './config-resource.ts';
import type { RequestContext } from './handler.ts';

/** A change that makes no sense, in words for who asked for it. */
export class ConfigRefused extends Error {
  override readonly name = 'ConfigRefused';
  readonly code = 'CONFIG_REFUSED';
}

/**
 * Changes what is set for one topic, and answers for that resource. `change` gives the new overrides for the current
 * ones, or throws ConfigRefused. Answers when the change is durable.
 */
export async function alterTopicConfigs(
  { resourceType, resourceName }: { resourceType: number; resourceName: string },
  {
    broker,
    validateOnly,
    change,
  }: {
    broker: RequestContext['broker'];
    validateOnly: boolean;
    change: (overrides: TopicOverrides) => TopicOverrides;
  },
) {
  const answer = (errorCode: ErrorCode, errorMessage: string | null) => ({
    errorCode,
    errorMessage,
    resourceType,
    resourceName,
  });
  if (resourceType !== ConfigResource.TOPIC) {
    const message = 'Only topics can be configured; the broker has what it was started with.';
    return answer(ErrorCode.INVALID_REQUEST, message);
  }
  const topic = broker.topics.byName(resourceName);
  if (topic === undefined) {
    return answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such topic.');
  }
  try {
    const overrides = change(topic.overrides);
    const reason = refuseTopicOverrides(overrides);
    if (reason !== null) return answer(ErrorCode.INVALID_CONFIG, reason);
    if (validateOnly) return answer(ErrorCode.NONE, null);
    return await broker.topics.configure(topic, overrides).then(
      () => answer(ErrorCode.NONE, null),
      () => answer(ErrorCode.KAFKA_STORAGE_ERROR, 'The disk takes no writes.'),
    );
  } catch (error) {
    if (error instanceof ConfigRefused) return answer(ErrorCode.INVALID_CONFIG, error.message);
    throw error;
  }
}
