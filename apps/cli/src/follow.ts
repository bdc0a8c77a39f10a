import type { FetchedRecord, Log, TopicDescription, TopicIdPartition } from '@chat-cluster/log';
import type { CommandContext } from './command.ts';

/** Where reading begins. */
export type Start = TopicIdPartition & { readonly offset: number };

/** The ends (or beginnings) of partitions, as they are now. */
export async function startsAt(
  log: Log,
  at: 'latest' | 'earliest',
  partitions: readonly TopicIdPartition[],
): Promise<readonly Start[]> {
  const offsets = await log.admin.listOffsets(partitions.map((each) => ({ ...each, at })));
  return partitions.map((each, index) => ({ ...each, offset: offsets[index]! }));
}

/** All partitions of a topic. */
export function partitionsOf(topic: TopicDescription): readonly TopicIdPartition[] {
  return Array.from({ length: topic.partitionCount }, (_, partition) => ({ ...topic, partition }));
}

/**
 * Reads from these starts on until `visit` answers something, which it resolves with; undefined
 * when the time is up or the command is interrupted. Records of one partition come in their order.
 * Rejects with what `visit` throws, and with the LogError of a partition that cannot be read.
 */
export async function follow<Answer>(
  context: Pick<CommandContext, 'signal' | 'timers'>,
  options: {
    readonly log: Log;
    readonly starts: readonly Start[];
    readonly visit: (topic: string, record: FetchedRecord) => Answer | undefined;
    /** For ever if it is left out. */
    readonly timeoutMs?: number;
  },
): Promise<Answer | undefined> {
  const { log, starts, visit, timeoutMs } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Answer | undefined>();
  const fetcher = log.openFetcher(
    { waitMaxMs: FETCH_WAIT_MAX_MS },
    {
      onBatch: ({ topic, records }) => {
        try {
          for (const record of records) {
            const answer = visit(topic, record);
            if (answer !== undefined) return resolve(answer);
          }
        } catch (error) {
          reject(error);
        }
      },
      onPartitionError: (_at, error) => reject(error),
    },
  );
  const stop = (): void => resolve(undefined);
  context.signal.addEventListener('abort', stop, { once: true });
  const cancelTimeout = timeoutMs === undefined ? undefined : context.timers.after(timeoutMs, stop);
  if (context.signal.aborted) stop();
  for (const start of starts) fetcher.add(start, start.offset);
  try {
    return await promise;
  } finally {
    cancelTimeout?.();
    context.signal.removeEventListener('abort', stop);
    await fetcher.close();
  }
}

/** A person waits: brokers answer an empty fetch after this long. */
const FETCH_WAIT_MAX_MS = 200;
