import {
  decodeConsumerProtocolAssignment,
  decodeConsumerProtocolSubscription,
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
} from '@platformatic/kafka';
import type { MemberAssignment } from '@chat-cluster/log';

/**
 * Kafka's consumer protocol: what members and the leader of a consumer group put into JoinGroup and SyncGroup, so that
 * Kafka's own tools can show it. All topics of a group here are co-partitioned: partition numbers stand for one
 * partition of each.
 */
export type Subscription = {
  readonly userData: Uint8Array;
  readonly ownedPartitions: readonly number[];
  readonly ownedGenerationId: number;
};

export function writeSubscription(subscription: Subscription, topics: readonly string[]): Buffer {
  const { userData, ownedPartitions, ownedGenerationId } = subscription;
  return encodeConsumerProtocolSubscription({
    version: SUBSCRIPTION_VERSION,
    topics: [...topics],
    userData: Buffer.from(userData),
    ownedPartitions: ofEveryTopic(ownedPartitions, topics),
    generationId: ownedGenerationId,
  });
}

/** Empty bytes (the group is not stable) say nothing. */
export function readSubscription(bytes: Uint8Array): Subscription {
  if (bytes.byteLength === 0) {
    return { userData: new Uint8Array(0), ownedPartitions: [], ownedGenerationId: -1 };
  }
  const { userData, ownedPartitions, generationId } = decodeConsumerProtocolSubscription(
    bufferOf(bytes),
  );
  return {
    userData: Buffer.from(userData),
    ownedPartitions: numbersOf(ownedPartitions),
    ownedGenerationId: generationId,
  };
}

export function writeAssignment(assignment: MemberAssignment, topics: readonly string[]): Buffer {
  return encodeConsumerProtocolAssignment({
    version: ASSIGNMENT_VERSION,
    assignedPartitions: ofEveryTopic(assignment.partitions, topics),
    userData: Buffer.from(assignment.userData),
  });
}

/** Empty bytes assign nothing. */
export function readAssignment(bytes: Uint8Array): MemberAssignment {
  const { assignedPartitions, userData } = decodeConsumerProtocolAssignment(bufferOf(bytes));
  return { partitions: numbersOf(assignedPartitions), userData: Buffer.from(userData) };
}

/** Owned partitions came with version 1, their generation with version 2 (KIP-429, KIP-792). */
const SUBSCRIPTION_VERSION = 2;
const ASSIGNMENT_VERSION = 2;

type TopicPartitions = { topic: string; partitions: number[] };

function ofEveryTopic(partitions: readonly number[], topics: readonly string[]): TopicPartitions[] {
  return topics.map((topic) => ({ topic, partitions: [...partitions] }));
}

function numbersOf(assigned: readonly TopicPartitions[]): number[] {
  const numbers = new Set(assigned.flatMap(({ partitions }) => partitions));
  return [...numbers].toSorted((a, b) => a - b);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
