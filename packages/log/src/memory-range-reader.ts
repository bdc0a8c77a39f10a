import { LogError } from './log-error.ts';
import type { RangeReadOptions } from './log.ts';
import { isLost, MemoryBrokerError, toLogError } from './memory-broker-error.ts';
import type { MemoryBroker } from './memory-broker.ts';
import { MemoryCommittedFilter } from './memory-committed-filter.ts';
import type { MemoryConnection } from './memory-connection.ts';
import { Hurry } from './memory-fetch.ts';
import type { PartitionData } from './memory-partition.ts';

/** Reads the range of `Log.readRange`. */
export async function readMemoryRange(
  { broker, connection }: { broker: MemoryBroker; connection: MemoryConnection },
  range: RangeReadOptions,
): Promise<void> {
  const filter = new MemoryCommittedFilter();
  let position = range.offsetFrom;
  let progressMs = broker.clock.monotonicMs();
  while (position < range.offsetUntil) {
    const data = await fetchOnce({ broker, connection }, { ...range, position });
    if (data) {
      const taken = filter.take(data, position);
      for (const record of taken.records) {
        if (record.offset < range.offsetUntil) range.visit(record);
      }
      position = taken.offsetNext;
      progressMs = broker.clock.monotonicMs();
    } else if (broker.clock.monotonicMs() - progressMs >= PROGRESS_TIMEOUT_MS) {
      throw new LogError(
        'unavailable',
        `Reading ${range.topic} partition ${range.partition} stopped at ${position}: a transaction is open there, or the log ends. Try again.`,
      );
    }
  }
}

async function fetchOnce(
  { broker, connection }: { broker: MemoryBroker; connection: MemoryConnection },
  { topic, topicId, partition, position }: RangeReadOptions & { position: number },
): Promise<PartitionData | undefined> {
  const request = {
    partitions: [{ topic, topicId, partition, position }],
    waitMaxMs: WAIT_MAX_MS,
    responseBytesMax: RESPONSE_BYTES_MAX,
    partitionBytesMax: RESPONSE_BYTES_MAX,
  };
  try {
    const [data] = await connection.call('Fetch', () => broker.fetch(request, new Hurry()));
    if (data instanceof MemoryBrokerError) throw data;
    return data;
  } catch (error) {
    if (isLost(error)) return undefined;
    throw toLogError(error);
  }
}

const PROGRESS_TIMEOUT_MS = 30_000;
const WAIT_MAX_MS = 500;
const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;
