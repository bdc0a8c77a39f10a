import {
  homePartition,
  type Log,
  type RecordHeader,
  type TopicDescription,
} from '@chat-cluster/log';

/** Where a record was written. */
export type SentRecord = {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
};

/**
 * Writes one record to the home of its key, or to the partition that is named. Resolves when it is
 * durable.
 */
export async function sendRecord(
  log: Log,
  topic: TopicDescription,
  record: {
    readonly key: Uint8Array | null;
    readonly value: Uint8Array | null;
    readonly headers?: readonly RecordHeader[];
    /** Needed where there is no key. */
    readonly partition?: number;
  },
): Promise<SentRecord> {
  const { key, value, headers = [] } = record;
  const home = key === null ? 0 : homePartition(key, topic.partitionCount);
  const partition = record.partition ?? home;
  const producer = log.openProducer();
  try {
    const offset = await producer.send({ topic: topic.topic, partition }, [
      { key, value, headers },
    ]);
    return { topic: topic.topic, topicId: topic.topicId, partition, offset };
  } finally {
    await producer.close();
  }
}
