import type { Cancel } from '@chat-cluster/kernel';
import { LogError, type RangeReadOptions } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import type { Cluster } from '../connections/cluster.ts';
import { KafkaFetcher } from './kafka-fetcher.ts';

/**
 * The port's readRange: a fetcher of its own for one partition, so that several ranges are read side by side.
 *
 * @throws LogError
 */
export async function readRange(
  from: { readonly context: AdapterContext; readonly cluster: Cluster },
  range: RangeReadOptions,
): Promise<void> {
  if (range.offsetFrom >= range.offsetUntil) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let cancelStall: Cancel | undefined;
  const expectProgress = (): void => {
    cancelStall?.();
    cancelStall = from.context.timers.after(STALL_MS_MAX, () => reject(stalled(range)));
  };
  const fetcher = new KafkaFetcher(from, fetchSizes, {
    onBatch: ({ records, offsetNext }) => {
      for (const record of records) if (record.offset < range.offsetUntil) range.visit(record);
      if (offsetNext >= range.offsetUntil) resolve();
      else expectProgress();
    },
    onPartitionError: (_at, error) => reject(error),
  });
  expectProgress();
  fetcher.add(range, range.offsetFrom);
  try {
    await promise;
  } finally {
    cancelStall?.();
    await fetcher.close();
  }
}

/** An open transaction is ended by its time-out (10 s) at the latest. */
const STALL_MS_MAX = 30_000;

/** A range is read by itself: its answers may be larger than one partition's share of a fetcher's. */
const fetchSizes = { responseBytesMax: 1024 * 1024, partitionBytesMax: 1024 * 1024 };

function stalled({ topic, partition, offsetUntil }: RangeReadOptions): LogError {
  return new LogError(
    'unavailable',
    `Partition ${partition} of ${topic} could not be read up to offset ${offsetUntil}: nothing came for ${STALL_MS_MAX / 1000} s.`,
  );
}
