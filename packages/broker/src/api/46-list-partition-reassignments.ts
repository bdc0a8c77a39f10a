/**
 * ListPartitionReassignments, version 0. Always empty: there is one broker. Kafka's `kafka-topics --describe` asks.
 */
import { ErrorCode } from '../wire/error-codes.ts';
import { listPartitionReassignments } from '../wire/messages/46-list-partition-reassignments.ts';
import { on } from './handler.ts';

export const listPartitionReassignmentsHandler = on(listPartitionReassignments, () => ({
  errorCode: ErrorCode.NONE,
  errorMessage: null,
  topics: [],
}));
