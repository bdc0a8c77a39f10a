import type { ShardRow } from '@chat-cluster/journal';
import type { CommittedOffset } from '@chat-cluster/log';
import { decodeCommittedMetadata } from './committed-metadata.ts';
import { ShardStoppedError } from './shard-stopped-error.ts';

/** What is known of one input of a shard when it is taken over. */
export type InputFound = {
  readonly topic: string;
  /** The id that the topic has now. */
  readonly topicId: string;
  readonly committed: CommittedOffset | undefined;
};

/** Where to go on. `fresh` inputs begin at their log's start: their first offsets have to be committed before anything else. */
export type StartPositions = {
  readonly positions: ReadonlyMap<string, number>;
  readonly fresh: readonly string[];
  /** Events of the shard that were ever committed. */
  readonly eventNumber: number;
  /** It may have been more: the offsets of a topic that was created anew are gone, with the number that was beside them. */
  readonly mayHaveMoreEvents: boolean;
};

/**
 * Promise 10: nothing about position is guessed. For each input:
 *
 * | committed offset           | topic id listed in the journal's shard row | topic id not listed |
 * | -------------------------- | ------------------------------------------ | ------------------- |
 * | ours, of this topic id     | go on there                                | go on there (the row was not written yet) |
 * | ours, of another topic id  | stop: offsets-reset                        | fresh: a recreated topic is a new log |
 * | not ours                   | stop: offsets-reset                        | stop: foreign-offsets |
 * | none                       | stop: offsets-reset                        | fresh |
 *
 * Throws ShardStoppedError; journal-lost when events were committed and there is no shard row.
 */
export function startPositions(
  where: { readonly groupId: string; readonly partition: number },
  inputs: readonly InputFound[],
  row: ShardRow | undefined,
): StartPositions {
  const positions = new Map<string, number>();
  const fresh: string[] = [];
  let eventNumber = 0;
  for (const input of inputs) {
    const { topic, topicId, committed } = input;
    const metadata = committed && decodeCommittedMetadata(committed.metadata);
    if (metadata !== undefined) eventNumber = Math.max(eventNumber, metadata.eventNumber);
    if (committed !== undefined && metadata?.topicId === topicId) {
      positions.set(topic, committed.offset);
    } else if (row?.inputTopicIds[topicId] !== undefined) {
      throw offsetsReset(where, input);
    } else if (committed !== undefined && metadata === undefined) {
      throw foreignOffsets(where, input);
    } else {
      fresh.push(topic);
    }
  }
  if (row === undefined && eventNumber > 0) {
    throw new ShardStoppedError(
      'journal-lost',
      `Shard ${where.partition} has committed ${eventNumber} events, and the journal knows nothing of it. Start the node with the journal that was used before; without it these entities' histories are incomplete.`,
    );
  }
  const known = new Set(Object.values(row?.inputTopicIds ?? {}));
  const mayHaveMoreEvents = fresh.some((topic) => known.has(topic));
  return { positions, fresh, eventNumber, mayHaveMoreEvents };
}

function offsetsReset(
  where: { readonly groupId: string; readonly partition: number },
  { topic, committed }: InputFound,
): ShardStoppedError {
  const found =
    committed === undefined ? 'is missing' : `was set to ${committed.offset} by somebody else`;
  return new ShardStoppedError(
    'offsets-reset',
    `The offset of group ${where.groupId} for ${topic}, partition ${where.partition}, ${found}, so records would be lost or processed twice. Restore it from a backup of the group's offsets with its metadata, or read the last one from the event topic's headers (kcat -C -t <events> -p ${where.partition} -o -1 -f '%h').`,
  );
}

function foreignOffsets(
  where: { readonly groupId: string; readonly partition: number },
  { topic, committed }: InputFound,
): ShardStoppedError {
  return new ShardStoppedError(
    'foreign-offsets',
    `Group ${where.groupId} already has an offset (${committed?.offset}) for ${topic}, partition ${where.partition}, that this program did not commit. Use another group (--group), or delete the group's offsets (kafka-consumer-groups --delete-offsets --group ${where.groupId} --topic ${topic}).`,
  );
}
