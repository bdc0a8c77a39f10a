import type { ParkedRecord } from '@chat-cluster/contract';
import { printable } from '@chat-cluster/kernel';
import { type Application, inputOf } from './application.ts';
import { type ClusterAccess, findTopics } from './cluster-access.ts';
import { partitionsOf, startsAt } from './follow.ts';
import { inputJson, inputText } from './value-text.ts';

/** A parked record as it is shown. */
export type ShownParked = {
  readonly record: ParkedRecord;
  readonly text: string;
  /** What is added to a JSON line. */
  readonly json: object;
};

/**
 * The list of a quarantine holds the start of each value as text. Where values are no text, that tells little: the records themselves are read, if their log still has them.
 */
export async function readParkedValues(
  cluster: ClusterAccess,
  application: Application,
  parked: readonly ParkedRecord[],
): Promise<readonly ShownParked[]> {
  const shown: ShownParked[] = [];
  for (const record of parked) {
    const input = inputOf(application, record.topic);
    if (input?.isBinary !== true) {
      const { valuePreview } = record;
      const text = valuePreview === null ? '(no value)' : printable(valuePreview);
      shown.push({ record, text, json: {} });
      continue;
    }
    const value = await readValue(cluster, record);
    const text = value === undefined ? '(no longer in its log)' : inputText(input, value);
    const json = value === undefined ? {} : { value: inputJson(input, value) };
    shown.push({ record, text, json });
  }
  return shown;
}

/** Undefined when it is not there any more, or the topic was created anew. */
async function readValue(
  cluster: ClusterAccess,
  { offset, partition, topic: name, topicId }: ParkedRecord,
): Promise<Uint8Array | null | undefined> {
  const [topic] = await findTopics(cluster, [name]);
  const at = topic?.topicId === topicId ? partitionsOf(topic)[partition] : undefined;
  if (at === undefined) return undefined;
  const [start] = await startsAt(cluster.log, 'earliest', [at]);
  const [end] = await startsAt(cluster.log, 'latest', [at]);
  if (offset < start!.offset || offset >= end!.offset) return undefined;
  let value: Uint8Array | null | undefined;
  await cluster.log.readRange({
    ...at,
    offsetFrom: offset,
    offsetUntil: offset + 1,
    visit: (record) => {
      if (record.offset === offset) value = record.value && record.value.slice();
    },
  });
  return value;
}
