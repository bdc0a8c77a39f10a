import type { FetchedRecord, TopicIdPartition } from '@chat-cluster/log';
import { readDeadLetter } from '../../output/dead-letter.ts';
import { timeOf } from '../../output/event-record.ts';
import { originOf } from '../../output/forward.ts';
import {
  type FoundDeadLetter,
  type FoundRecord,
  isSameRecord,
  type RecordAt,
} from './explanation.ts';
import { boundsOf, offsetAt, type ReadableLog, scan } from './log-reader.ts';

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
  log: ReadableLog,
  at: TopicIdPartition,
  sought: { readonly key: Uint8Array; readonly timeMs: number; readonly fromMs: number },
): Promise<FoundRecord[]> {
  const found: FoundRecord[] = [];
  await look(log, at, sought.fromMs, (record) => {
    if (record.key === null || Buffer.compare(record.key, sought.key) !== 0) return false;
    if (timeOf(record) === sought.timeMs) found.push(foundAt(at, record));
    return false;
  });
  return found;
}

/** Of the records at or after `fromMs`, the one that was made of this one. */
type MadeOf = { readonly of: RecordAt; readonly fromMs: number };

export async function findDeadLetter(
  log: ReadableLog,
  at: TopicIdPartition,
  sought: MadeOf,
): Promise<FoundDeadLetter | undefined> {
  const found = await findMadeOf(log, at, sought, readDeadLetter);
  const letter = found && readDeadLetter(found);
  return letter && { ...foundAt(at, found), code: letter.code, reason: letter.reason };
}

/** The offset of the copy of a forwarded record in its home partition. */
export async function findForwarded(
  log: ReadableLog,
  at: TopicIdPartition,
  sought: MadeOf,
): Promise<number | undefined> {
  return (await findMadeOf(log, at, sought, originOf))?.offset;
}

async function findMadeOf(
  log: ReadableLog,
  at: TopicIdPartition,
  { of, fromMs }: MadeOf,
  origin: (record: FetchedRecord) => RecordAt | undefined,
): Promise<FetchedRecord | undefined> {
  let found: FetchedRecord | undefined;
  await look(log, at, fromMs, (record) => {
    const from = origin(record);
    if (from !== undefined && isSameRecord(from, of)) found = record;
    return found !== undefined;
  });
  return found;
}

async function look(
  log: ReadableLog,
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
