import type { Topic } from '../topics/topic.ts';
import { ErrorCode } from '../wire/error-codes.ts';
/**
 * DescribeLogDirs, versions 1 to 4. One folder, with the size of each partition; sizes of the disk are not told.
 */
import { describeLogDirs } from '../wire/messages/35-describe-log-dirs.ts';
import { on } from './handler.ts';

export const describeLogDirsHandler = on(describeLogDirs, ({ topics: asked }, { broker }) => ({
  errorCode: ErrorCode.NONE,
  results: [
    {
      errorCode: ErrorCode.NONE,
      logDir: broker.dataFolder ?? 'memory',
      topics: broker.topics
        .all()
        .map((topic) => ({ topic, indexes: askedIndexes(topic, asked) }))
        .filter(({ indexes }) => indexes.length > 0)
        .map(({ topic, indexes }) => ({
          name: topic.name,
          partitions: indexes.map((partitionIndex) => ({
            partitionIndex,
            partitionSize: topic.partitions[partitionIndex]?.sizeBytes ?? 0,
            offsetLag: 0,
            isFutureKey: false,
          })),
        })),
    },
  ],
}));

/** The partitions of a topic that are asked for; null asks for all of all topics. */
function askedIndexes(
  { name, partitions }: Topic,
  asked: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null,
): number[] {
  const indexes = [...partitions.keys()];
  if (asked === null) return indexes;
  const wanted = asked.filter(({ topic }) => topic === name).flatMap((topic) => topic.partitions);
  return indexes.filter((index) => wanted.includes(index));
}
