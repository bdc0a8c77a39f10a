/** Kafka's numbers of what a client may be allowed to do; an answer carries them as a set of bits. */
const Operation = {
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
} as const;

/** Everything that can be done with a topic: this broker has no access control, so everybody may. */
export const TOPIC_OPERATIONS = bitsOf([
  Operation.READ,
  Operation.WRITE,
  Operation.CREATE,
  Operation.DELETE,
  Operation.ALTER,
  Operation.DESCRIBE,
  Operation.DESCRIBE_CONFIGS,
  Operation.ALTER_CONFIGS,
]);

/** Everything that can be done with the cluster. */
export const CLUSTER_OPERATIONS = bitsOf([
  Operation.CREATE,
  Operation.ALTER,
  Operation.DESCRIBE,
  Operation.CLUSTER_ACTION,
  Operation.DESCRIBE_CONFIGS,
  Operation.ALTER_CONFIGS,
  Operation.IDEMPOTENT_WRITE,
]);

/** Sent when a client has not asked for the operations. */
export const OPERATIONS_NOT_ASKED = -(2 ** 31);

function bitsOf(operations: readonly number[]): number {
  return operations.reduce((bits, operation) => bits | (1 << operation), 0);
}
