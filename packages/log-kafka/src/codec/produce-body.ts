import { Writer } from '@platformatic/kafka';

/** Batches for one leader: one for each partition. */
export type ProduceTopic = {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly batch: Buffer }[];
};

/**
 * The body of a Produce request (version 11; see the library's produce-v11.js for the grammar) of batches that are
 * encoded already. It asks for the acknowledgement of all in-sync replicas.
 */
export function produceBody(
  topics: readonly ProduceTopic[],
  options: { readonly transactionalId: string | null; readonly timeoutMs: number },
): Writer {
  return Writer.create()
    .appendString(options.transactionalId)
    .appendInt16(ACKNOWLEDGED_BY_ALL)
    .appendInt32(options.timeoutMs)
    .appendArray([...topics], (topicWriter, { topic, partitions }) => {
      topicWriter.appendString(topic).appendArray([...partitions], (writer, entry) => {
        writer.appendInt32(entry.partition).appendBytes(entry.batch);
      });
    })
    .appendTaggedFields();
}

const ACKNOWLEDGED_BY_ALL = -1;
