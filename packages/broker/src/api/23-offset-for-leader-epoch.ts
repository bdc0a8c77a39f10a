/**
 * OffsetForLeaderEpoch, versions 2 to 4.
 *
 * There is one leader epoch, 0, for ever: it ends at the high watermark. Later epochs are unknown.
 */
import type { Partition } from '../partitions/partition.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { offsetForLeaderEpoch } from '../wire/messages/23-offset-for-leader-epoch.ts';
import { on } from './handler.ts';

const LEADER_EPOCH = 0;

export const offsetForLeaderEpochHandler = on(offsetForLeaderEpoch, ({ topics }, { broker }) => ({
  topics: topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => ({
      partition,
      ...endOf(broker.topics.byName(topic)?.partitions[partition], {
        currentLeaderEpoch,
        leaderEpoch,
      }),
    })),
  })),
}));

function endOf(
  partition: Partition | undefined,
  { currentLeaderEpoch, leaderEpoch }: { currentLeaderEpoch: number; leaderEpoch: number },
) {
  if (partition === undefined) return unknown(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  if (currentLeaderEpoch > LEADER_EPOCH) return unknown(ErrorCode.UNKNOWN_LEADER_EPOCH);
  if (leaderEpoch !== LEADER_EPOCH) return unknown(ErrorCode.NONE);
  return { errorCode: ErrorCode.NONE, leaderEpoch, endOffset: partition.highWatermark };
}

function unknown(errorCode: ErrorCode) {
  return { errorCode, leaderEpoch: -1, endOffset: -1 };
}
