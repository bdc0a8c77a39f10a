import { protocolErrorsCodesById } from '@platformatic/kafka';
import { LogError, type LogErrorCode } from '@chat-cluster/log';

/** The protocol's error codes that this adapter handles one by one. */
export const kafkaError = {
  unknownServerError: -1,
  none: 0,
  offsetOutOfRange: 1,
  corruptMessage: 2,
  unknownTopicOrPartition: 3,
  messageTooLarge: 10,
  coordinatorLoadInProgress: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  recordListTooLarge: 18,
  notEnoughReplicas: 19,
  illegalGeneration: 22,
  unknownMemberId: 25,
  rebalanceInProgress: 27,
  topicAlreadyExists: 36,
  invalidProducerEpoch: 47,
  invalidTxnState: 48,
  concurrentTransactions: 51,
  operationNotAttempted: 55,
  memberIdRequired: 79,
  fencedInstanceId: 82,
  unstableOffsetCommit: 88,
  producerFenced: 90,
  unknownTopicId: 100,
  inconsistentTopicId: 103,
} as const;

/** The coordinator is not where it was asked, or not ready: find it again and repeat the request. */
export function isCoordinatorMoving(errorCode: number): boolean {
  return (
    errorCode === kafkaError.coordinatorLoadInProgress ||
    errorCode === kafkaError.coordinatorNotAvailable ||
    errorCode === kafkaError.notCoordinator
  );
}

/** Kafka's own name of an error code, for messages. */
export function kafkaErrorName(errorCode: number): string {
  const names: Readonly<Record<number, string>> = protocolErrorsCodesById;
  return names[errorCode] ?? `error ${errorCode}`;
}

/** What an error code in an answer means to a caller of the port. `what` names the request, as in "Committing offsets". */
export function logErrorOf(errorCode: number, what: string, detail?: string | null): LogError {
  const because = detail ? `: ${detail}` : '';
  return new LogError(
    logErrorCodes.get(errorCode) ?? 'refused',
    `${what} was answered with ${kafkaErrorName(errorCode)}${because}.`,
  );
}

/** Codes that are not listed are refusals: sending the same again would not help. */
const logErrorCodes: ReadonlyMap<number, LogErrorCode> = new Map([
  [-1, 'unavailable'], // UNKNOWN_SERVER_ERROR
  [1, 'offset-out-of-range'],
  [2, 'corrupt'], // CORRUPT_MESSAGE
  [3, 'unknown-topic'],
  [5, 'unavailable'], // LEADER_NOT_AVAILABLE
  [6, 'unavailable'], // NOT_LEADER_OR_FOLLOWER
  [7, 'unavailable'], // REQUEST_TIMED_OUT
  [8, 'unavailable'], // BROKER_NOT_AVAILABLE
  [9, 'unavailable'], // REPLICA_NOT_AVAILABLE
  [10, 'too-large'], // MESSAGE_TOO_LARGE
  [13, 'unavailable'], // NETWORK_EXCEPTION
  [14, 'unavailable'], // COORDINATOR_LOAD_IN_PROGRESS
  [15, 'unavailable'], // COORDINATOR_NOT_AVAILABLE
  [16, 'unavailable'], // NOT_COORDINATOR
  [18, 'too-large'], // RECORD_LIST_TOO_LARGE
  [19, 'unavailable'], // NOT_ENOUGH_REPLICAS
  [20, 'unavailable'], // NOT_ENOUGH_REPLICAS_AFTER_APPEND
  [22, 'not-a-member'], // ILLEGAL_GENERATION
  [25, 'not-a-member'], // UNKNOWN_MEMBER_ID
  [27, 'rebalancing'], // REBALANCE_IN_PROGRESS
  [41, 'unavailable'], // NOT_CONTROLLER
  [47, 'fenced'], // INVALID_PRODUCER_EPOCH
  [51, 'unavailable'], // CONCURRENT_TRANSACTIONS
  [52, 'unavailable'], // TRANSACTION_COORDINATOR_FENCED
  [55, 'unavailable'], // OPERATION_NOT_ATTEMPTED
  [56, 'unavailable'], // KAFKA_STORAGE_ERROR
  [72, 'unavailable'], // LISTENER_NOT_FOUND
  [74, 'unavailable'], // FENCED_LEADER_EPOCH
  [75, 'unavailable'], // UNKNOWN_LEADER_EPOCH
  [78, 'unavailable'], // OFFSET_NOT_AVAILABLE
  [82, 'fenced'], // FENCED_INSTANCE_ID
  [88, 'unstable-offsets'], // UNSTABLE_OFFSET_COMMIT
  [89, 'unavailable'], // THROTTLING_QUOTA_EXCEEDED
  [90, 'fenced'], // PRODUCER_FENCED
  [100, 'topic-recreated'], // UNKNOWN_TOPIC_ID
  [103, 'topic-recreated'], // INCONSISTENT_TOPIC_ID
]);
