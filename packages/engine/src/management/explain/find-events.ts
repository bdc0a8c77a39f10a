import type { FetchedRecord, TopicIdPartition } from '@chat-cluster/log';
import { decodeEventRecord, type TailEvent } from '../../output/event-record.ts';
import { boundsOf, type ReadableLog, scan } from './log-reader.ts';

export type SourcedEvent = { readonly event: TailEvent; readonly appendedMs: number };

export type EventsOfSource = {
  /** In order; empty when the input led to none. */
  readonly events: readonly SourcedEvent[];
  /** When the last event of an earlier record of this input was appended: this one was decided later. Undefined when none was found near. */
  readonly appendedAfterMs: number | undefined;
};

/** A range this short is read through. */
const RANGE_READ_OFFSETS = 500;
/** No event of the input among so many: it seldom leads to events, and is not looked for further. */
const SPARSE_OFFSETS_MAX = 20_000;

/**
 * The events that an input record led to. A shard decides each input in order, so the sources of its events, input by input, never go back: the event topic's partition is searched by
 * halving it, some 20 short reads in a log of hundreds of millions. An operator's retry, which comes later under the same source, is not found.
 */
export async function findEvents(
  log: ReadableLog,
  eventPartition: TopicIdPartition,
  source: { readonly topicId: string; readonly partition: number; readonly offset: number },
): Promise<EventsOfSource> {
  const { start, end } = await boundsOf(log, eventPartition);
  let low = start;
  let high = end;
  const isOfTopic = (event: TailEvent): boolean =>
    event.source.topicId === source.topicId && event.source.partition === source.partition;
  while (high - low > RANGE_READ_OFFSETS) {
    const middle = low + Math.floor((high - low) / 2);
    const until = Math.min(high, middle + SPARSE_OFFSETS_MAX);
    const next = await firstEvent(log, { ...eventPartition, from: middle, until }, isOfTopic);
    if (next === undefined && until < high) return { events: [], appendedAfterMs: undefined };
    if (next === undefined || next.event.source.offset >= source.offset) high = middle;
    else low = next.event.offset;
  }
  const until = Math.min(end, high + SPARSE_OFFSETS_MAX);
  return readAround(log, { ...eventPartition, from: low, until }, (event) =>
    isOfTopic(event) ? event.source.offset - source.offset : undefined,
  );
}

/**
 * Which of the inputs of the same entity and millisecond this event's one is: `index` of `count`, by the events around it. Outputs tell no more than entity and time.
 */
export async function placeAmongTwins(
  log: ReadableLog,
  eventPartition: TopicIdPartition,
  event: TailEvent,
): Promise<{ readonly index: number; readonly count: number }> {
  const sources = new Set<number>();
  const offsetFrom = Math.max(0, event.offset - RANGE_READ_OFFSETS);
  const { start, end } = await boundsOf(log, eventPartition);
  const range = {
    ...eventPartition,
    offsetFrom: Math.max(start, offsetFrom),
    offsetUntil: Math.min(end, event.offset + RANGE_READ_OFFSETS),
  };
  await scan(log, range, (record) => {
    const other = decodeEventRecord(record);
    const isTwin = other?.entityId === event.entityId && other.timestampMs === event.timestampMs;
    if (isTwin && other.source.topicId === event.source.topicId) sources.add(other.source.offset);
    return false;
  });
  const ascending = [...sources].sort((a, b) => a - b);
  return { index: ascending.indexOf(event.source.offset), count: ascending.length };
}

type SearchRange = TopicIdPartition & { readonly from: number; readonly until: number };

async function firstEvent(
  log: ReadableLog,
  { from, until, ...at }: SearchRange,
  isWanted: (event: TailEvent) => boolean,
): Promise<SourcedEvent | undefined> {
  let found: SourcedEvent | undefined;
  await scan(log, { ...at, offsetFrom: from, offsetUntil: until }, (record) => {
    const sourced = sourcedEvent(record);
    if (sourced !== undefined && isWanted(sourced.event)) found = sourced;
    return found !== undefined;
  });
  return found;
}

/** @param distance of an event's source from the one that is looked for; undefined for those of other inputs */
async function readAround(
  log: ReadableLog,
  { from, until, ...at }: SearchRange,
  distance: (event: TailEvent) => number | undefined,
): Promise<EventsOfSource> {
  const events: SourcedEvent[] = [];
  let appendedAfterMs: number | undefined;
  await scan(log, { ...at, offsetFrom: from, offsetUntil: until }, (record) => {
    const sourced = sourcedEvent(record);
    const away = sourced && distance(sourced.event);
    if (sourced === undefined || away === undefined) return false;
    if (away < 0) appendedAfterMs = sourced.appendedMs;
    if (away === 0) events.push(sourced);
    return away > 0;
  });
  return { events, appendedAfterMs };
}

function sourcedEvent(record: FetchedRecord): SourcedEvent | undefined {
  const event = decodeEventRecord(record);
  return event && { event, appendedMs: record.timestampMs };
}
