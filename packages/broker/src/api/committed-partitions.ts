import { assert } from '@chat-cluster/kernel';
import type { OffsetCommitResult, OffsetToCommit } from '../groups/group-offsets.ts';
import { ErrorCode } from '../wire/error-codes.ts';

/** The offsets as OffsetCommit and TxnOffsetCommit nest them. */
type CommittedTopics = readonly {
  readonly name: string;
  readonly partitions: readonly {
    readonly partitionIndex: number;
    readonly committedOffset: number;
    readonly committedLeaderEpoch: number;
    readonly committedMetadata: string | null;
  }[];
}[];

/** The offsets of a commit in one list, in the order of the request. */
export function offsetsOf(topics: CommittedTopics): OffsetToCommit[] {
  return topics.flatMap(({ name, partitions }) =>
    partitions.map((partition) => ({
      topic: name,
      partition: partition.partitionIndex,
      offset: partition.committedOffset,
      leaderEpoch: partition.committedLeaderEpoch,
      metadata: partition.committedMetadata,
    })),
  );
}

/** The answer to a commit: the request's topics and partitions, each with its code. */
export function committedTopics(
  topics: readonly {
    readonly name: string;
    readonly partitions: readonly { readonly partitionIndex: number }[];
  }[],
  result: OffsetCommitResult,
) {
  let index = 0;
  const nextCode = (): ErrorCode => {
    if (typeof result === 'number') return result;
    const code = result[index++];
    assert(code !== undefined, 'Every partition of a commit has a code.');
    return code;
  };
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({
      partitionIndex,
      errorCode: nextCode(),
    })),
  }));
}
