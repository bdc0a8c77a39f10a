import { MalformedMessage } from '../wire/malformed-message.ts';
import { WireReader } from '../wire/wire-reader.ts';

/** The protocol type of consumers, whose metadata the broker can read. */
export const CONSUMER_PROTOCOL = 'consumer';

/**
 * The topics that a member of protocol type `consumer` subscribes to, null if its metadata cannot be
 * read. Kafka's ConsumerProtocolSubscription begins alike in every version:
 *
 *     version:int16 topics:[]string …
 */
export function subscribedTopics(metadata: Uint8Array): readonly string[] | null {
  try {
    const reader = new WireReader(metadata);
    reader.int16();
    const topics: string[] = [];
    const count = reader.arrayLength(reader.int32());
    for (let index = 0; index < count; index++) topics.push(reader.utf8(reader.int16()));
    return topics;
  } catch (error) {
    if (error instanceof MalformedMessage) return null;
    throw error;
  }
}

/** Whether both name the same topics, in whatever order; unreadable metadata never does. */
export function subscribesToSame(one: Uint8Array, other: Uint8Array): boolean {
  const topics = subscribedTopics(one)?.toSorted();
  const others = subscribedTopics(other)?.toSorted();
  if (topics === undefined || others === undefined) return false;
  return topics.length === others.length && topics.every((topic, index) => topic === others[index]);
}
