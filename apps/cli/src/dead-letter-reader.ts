import {
  DEAD_LETTER_HEADER_PREFIX,
  DEAD_LETTER_HEADERS,
  FORWARD_HEADER_PREFIX,
} from '@chat-cluster/engine/headers';
import type { FetchedRecord, RecordHeader } from '@chat-cluster/log';
import { type Application, optionText } from './application.ts';
import { type ClusterAccess, findTopics } from './cluster-access.ts';
import { CommandFailure, UsageError } from './command.ts';
import { partitionsOf, startsAt } from './follow.ts';
import { readAll } from './read-all.ts';
import { headerText } from './record-text.ts';

/** A refused record, and why it was refused. */
export type DeadLetter = {
  /** `PARTITION:OFFSET` in the topic of dead letters: what it is called at the command line. */
  readonly position: string;
  /** When it became one, milliseconds since 1970. */
  readonly timestampMs: number;
  readonly code: string;
  readonly reason: string;
  /** Where it was. */
  readonly origin: {
    readonly topic: string;
    readonly topicId: string;
    readonly partition: number;
    readonly offset: number;
    readonly timestampMs: number;
  };
  /** Only the start of what it was is left: the sizes it had. */
  readonly truncated: string | undefined;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** The original's. */
  readonly headers: readonly RecordHeader[];
};

/** The newest dead letters, oldest first. */
export async function newestDeadLetters(
  cluster: ClusterAccess,
  application: Application,
  countMax: number,
): Promise<readonly DeadLetter[]> {
  const [topic] = await findTopics(cluster, [application.deadLetter.name]);
  let newest: DeadLetter[] = [];
  const keepNewest = (): void => {
    newest = newest.toSorted((a, b) => a.timestampMs - b.timestampMs).slice(-countMax);
  };
  await readAll(cluster.log, topic!, (record, partition) => {
    newest.push(deadLetterOf(record, partition));
    if (newest.length >= 2 * countMax) keepNewest();
  });
  keepNewest();
  return newest;
}

/**
 * The dead letter at a position.
 *
 * @param position `PARTITION:OFFSET`
 */
export async function deadLetterAt(
  cluster: ClusterAccess,
  application: Application,
  position: string,
): Promise<DeadLetter> {
  const { partition, offset } = readPosition(position);
  const [topic] = await findTopics(cluster, [application.deadLetter.name]);
  const at = partitionsOf(topic!)[partition];
  const [end] = at ? await startsAt(cluster.log, 'latest', [at]) : [];
  const [first] = at ? await startsAt(cluster.log, 'earliest', [at]) : [];
  let found: DeadLetter | undefined;
  if (at && offset >= first!.offset && offset < end!.offset) {
    await cluster.log.readRange({
      ...at,
      offsetFrom: offset,
      offsetUntil: offset + 1,
      visit: (record) => {
        if (record.offset === offset) found = deadLetterOf(record, partition);
      },
    });
  }
  if (found !== undefined) return found;
  throw new CommandFailure(
    `There is no dead letter at ${position}: chatcluster dead-letters list${optionText(application)} shows what there is.`,
  );
}

function readPosition(text: string): { readonly partition: number; readonly offset: number } {
  const [, partition, offset] = /^(\d{1,6}):(\d{1,15})$/.exec(text) ?? [];
  if (partition !== undefined && offset !== undefined) {
    return { partition: Number(partition), offset: Number(offset) };
  }
  throw new UsageError(
    `"${text}" is no position of a dead letter: it is written PARTITION:OFFSET.`,
  );
}

function deadLetterOf(record: FetchedRecord, partition: number): DeadLetter {
  const header = (name: string): string | undefined => headerText(record, name);
  return {
    position: `${partition}:${record.offset}`,
    timestampMs: record.timestampMs,
    code: header(DEAD_LETTER_HEADERS.code) ?? 'unknown',
    reason: header(DEAD_LETTER_HEADERS.reason) ?? 'It does not say why.',
    origin: {
      topic: header(DEAD_LETTER_HEADERS.topic) ?? '',
      topicId: header(DEAD_LETTER_HEADERS.topicId) ?? '',
      partition: Number(header(DEAD_LETTER_HEADERS.partition) ?? -1),
      offset: Number(header(DEAD_LETTER_HEADERS.offset) ?? -1),
      timestampMs: Number(header(DEAD_LETTER_HEADERS.timestamp) ?? -1),
    },
    truncated: header(DEAD_LETTER_HEADERS.truncated),
    // Copies: what was fetched lies in a buffer with much else.
    key: record.key && record.key.slice(),
    value: record.value && record.value.slice(),
    headers: record.headers
      .filter(
        ({ key }) =>
          !key.startsWith(DEAD_LETTER_HEADER_PREFIX) && !key.startsWith(FORWARD_HEADER_PREFIX),
      )
      .map(({ key, value }) => ({ key, value: value.slice() })),
  };
}
