import type { FetchedRecord, Log, TopicIdPartition } from '@chat-cluster/log';
import { headerText } from '../../output/event-record.ts';
import { FORWARDED_FROM, originOf } from '../../output/forward.ts';
import type { FoundDeadLetter, FoundRecord, RecordAt } from './explanation.ts';
import { boundsOf, offsetAt, scan } from './log-reader.ts';

/** Records of a topic that are looked at for one that another led to. */
const LOOK_RECORDS_MAX = 50_000;
/** Clocks of senders and brokers differ. */
const CLOCK_SKEW_MS = 60_000;

/** From when on a record can lie in a LogAppendTime topic, as far as is known. */
export function notBefore(record: FetchedRecord, appendedAfterMs: number | undefined): number {
  return appendedAfterMs ?? record.timestampMs - CLOCK_SKEW_MS;
}

/**
 * Outputs of an entity that tell this input time, of the first 50,000 records at or after `fromMs`. Messages of one conversation in the same millisecond share them.
 */
export async function findOutputs(
  log: Log,
  at: TopicIdPartition,
  sought: { readonly key: Uint8Array; readonly timeMs: number; readonly fromMs: number },
): Promise<FoundRecord[]> {
  const found: FoundRecord[] = [];
  const time = String(sought.timeMs);
  await look(log, at, sought.fromMs, (record) => {
    if (record.key === null || Buffer.compare(record.key, sought.key) !== 0) return false;
    if (headerText(record.headers, 'time') === time) found.push(foundAt(at, record));
    return false;
  });
  return found;
}

export async function findDeadLetter(
  log: Log,
  at: TopicIdPartition,
  sought: { readonly of: RecordAt; readonly fromMs: number },
): Promise<FoundDeadLetter | undefined> {
  let found: FoundDeadLetter | undefined;
  const { topic, partition, offset } = sought.of;
  await look(log, at, sought.fromMs, (record) => {
    const text = (key: string): string => headerText(record.headers, key) ?? '';
    const isOf =
      text('dl-topic') === topic &&
      text('dl-partition') === String(partition) &&
      text('dl-offset') === String(offset);
    if (isOf) found = { ...foundAt(at, record), code: text('dl-code'), reason: text('dl-reason') };
    return isOf;
  });
  return found;
}

/** The copy of a forwarded record in its home partition. */
export async function findForwarded(
  log: Log,
  at: TopicIdPartition,
  sought: { readonly of: RecordAt; readonly fromMs: number },
): Promise<number | undefined> {
  let found: number | undefined;
  const { topic, partition, offset } = sought.of;
  await look(log, at, sought.fromMs, (record) => {
    const text = headerText(record.headers, FORWARDED_FROM);
    const origin = text === undefined ? undefined : originOf(text);
    const isOf =
      origin?.topic === topic && origin.partition === partition && origin.offset === offset;
    if (isOf) found = record.offset;
    return isOf;
  });
  return found;
}

async function look(
  log: Log,
  at: TopicIdPartition,
  fromMs: number,
  visit: (record: FetchedRecord) => boolean,
): Promise<void> {
  const offsetFrom = await offsetAt(log, at, fromMs);
  const { end } = await boundsOf(log, at);
  const offsetUntil = Math.min(end, offsetFrom + LOOK_RECORDS_MAX);
  await scan(log, { ...at, offsetFrom, offsetUntil }, visit);
}

function foundAt({ topic, partition }: TopicIdPartition, record: FetchedRecord): FoundRecord {
  return { topic, partition, offset: record.offset, appendedMs: record.timestampMs };
}
