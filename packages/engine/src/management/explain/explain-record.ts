import type { Journal } from '@chat-cluster/journal';
import {
  homePartition,
  type FetchedRecord,
  LogError,
  type TopicIdPartition,
} from '@chat-cluster/log';
import { decodeEngineEvent, isEngineEvent } from '../../entity/engine-event.ts';
import type { EntityDefinition } from '../../entity/entity-definition.ts';
import { readRecord } from '../../intake/read-record.ts';
import type { TailEvent } from '../../output/event-record.ts';
import { originalTimeMs, originOf, wasForwarded } from '../../output/forward.ts';
import type { Explanation, FoundEvent, FoundRecord, RecordAt } from './explanation.ts';
import { findEvents, placeAmongTwins, type SourcedEvent } from './find-events.ts';
import { findDeadLetter, findForwarded, findOutputs, notBefore } from './find-records.ts';
import { boundsOf, type ReadableLog, recordAt } from './log-reader.ts';
import { sentencesOf } from './sentences.ts';

export type ExplainOptions = {
  /** Which inputs there are, who is meant by a record, where outputs and dead letters go. */
  readonly definition: Pick<
    EntityDefinition<never, unknown, never>,
    'type' | 'inputs' | 'outputTopics' | 'deadLetterTopic'
  >;
  readonly eventTopic: string;
  readonly groupId: string;
  readonly log: ReadableLog;
  readonly journal: Pick<Journal, 'readShards'>;
};

/**
 * Tells the life of an input record from what the log and the journal hold. Whoever reaches both can tell it, the owner of the shard or not. It reads little: about a thousand records, more only where outputs
 * or dead letters lie far from where they are expected (50,000 of each topic at most).
 *
 * Rejects with a LogError or a JournalError; a record that is not there is an answer (`absent`).
 */
export async function explainRecord(options: ExplainOptions, at: RecordAt): Promise<Explanation> {
  const facts = await factsOf(options, at);
  return { ...facts, sentences: sentencesOf(facts) };
}

type Facts = Omit<Explanation, 'sentences'> & { readonly reason?: string };

async function factsOf(options: ExplainOptions, at: RecordAt): Promise<Facts> {
  const { definition, log } = options;
  const record: RecordAt = { topic: at.topic, partition: at.partition, offset: at.offset };
  const reader = definition.inputs[at.topic];
  if (reader === undefined) {
    const inputs = Object.keys(definition.inputs).join(', ');
    return absent(record, `${at.topic} is no input of ${definition.type}: ${inputs} are.`);
  }
  const [input, events] = await log.admin.describeTopics([at.topic, options.eventTopic]);
  if (input === undefined || events === undefined) {
    const missing = input === undefined ? at.topic : options.eventTopic;
    return absent(record, `There is no topic ${missing}.`);
  }
  if (at.partition >= input.partitionCount) {
    return absent(record, `${at.topic} has ${input.partitionCount} partitions, from 0 on.`);
  }
  const from = { ...input, partition: at.partition };
  const found = await readInput(log, from, at.offset);
  if (typeof found === 'string') return absent(record, found);
  const read = readRecord(reader, found);
  const forwardedFrom = originOf(found);
  const received = {
    record,
    timestampMs: originalTimeMs(found),
    ...(forwardedFrom && { forwardedFrom }),
  };
  // What is refused stays where it came: nobody knows whose it is.
  const key = read.ok ? Buffer.from(read.entityId) : undefined;
  const home = key && homePartition(key, events.partitionCount);
  const whose = read.ok && {
    entityType: definition.type,
    entityId: read.entityId,
    homePartition: home!,
  };
  if (at.partition >= events.partitionCount) {
    return { ...received, ...whose, state: 'waiting', reason: notConsumed(at, events) };
  }
  const waiting = await recordsBefore(options, record);
  if (waiting !== undefined) {
    return { ...received, ...whose, state: 'waiting', recordsBefore: waiting };
  }
  if (home !== undefined && home !== at.partition && !wasForwarded(found)) {
    return { ...received, ...whose, ...(await forwardedLife(options, from, found, home)) };
  }
  const eventPartition = { ...events, partition: at.partition };
  return {
    ...received,
    ...whose,
    ...(await decidedLife(options, from, found, eventPartition, key)),
  };
}

function absent(record: RecordAt, reason: string): Facts {
  return { record, state: 'absent', reason };
}

/** Somebody has added partitions to the input while nodes ran. */
function notConsumed(
  { partition, topic }: RecordAt,
  { partitionCount }: { readonly partitionCount: number },
): string {
  return `It waits in a partition that is not consumed: entities are placed over ${partitionCount} partitions, and partition ${partition} was added to ${topic} later. /ready tells what to do.`;
}

/** The record, or a sentence that says why there is none. */
async function readInput(
  log: ReadableLog,
  from: TopicIdPartition,
  offset: number,
): Promise<FetchedRecord | string> {
  const { start, end } = await boundsOf(log, from);
  if (offset >= end) return `The partition ends at offset ${end}: nothing was written there yet.`;
  if (offset < start) return `Retention has deleted it: the partition starts at offset ${start}.`;
  const gone =
    'There is no record at this offset: it is a marker, or of a transaction that aborted.';
  try {
    return (await recordAt(log, from, offset)) ?? gone;
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'offset-out-of-range') throw error;
    return 'Retention has just deleted it.';
  }
}

/** How many offsets before this one are not committed as decided; undefined when it is. */
async function recordsBefore(
  { groupId, log }: ExplainOptions,
  { topic, partition, offset }: RecordAt,
): Promise<number | undefined> {
  const [committed] = await log.admin.committedOffsets({
    groupId,
    partitions: [{ topic, partition }],
  });
  if (committed !== undefined && committed.offset > offset) return undefined;
  return committed === undefined ? offset : offset - committed.offset;
}

async function forwardedLife(
  options: ExplainOptions,
  from: TopicIdPartition,
  record: FetchedRecord,
  home: number,
): Promise<Pick<Facts, 'state' | 'home'>> {
  const { topic, partition } = from;
  const copy = await findForwarded(
    options.log,
    { ...from, partition: home },
    { of: { topic, partition, offset: record.offset }, fromMs: notBefore(record, undefined) },
  );
  if (copy === undefined) return { state: 'forwarding' };
  const life = await explainRecord(options, { topic, partition: home, offset: copy });
  return { state: 'forwarded', home: life };
}

async function decidedLife(
  options: ExplainOptions,
  from: TopicIdPartition,
  record: FetchedRecord,
  eventPartition: TopicIdPartition,
  key: Uint8Array | undefined,
): Promise<Pick<Facts, 'state' | 'events' | 'outputs' | 'deadLetter'>> {
  const { definition, log } = options;
  const { topic, topicId, partition } = from;
  const source = { topicId, partition, offset: record.offset };
  const { appendedAfterMs, events } = await findEvents(log, eventPartition, source);
  const fromMs = events[0]?.appendedMs ?? notBefore(record, appendedAfterMs);
  if (events.length === 0) {
    const letters = await partitionOf(log, definition.deadLetterTopic, undefined, partition);
    const of = { topic, partition, offset: record.offset };
    const deadLetter = letters && (await findDeadLetter(log, letters, { of, fromMs }));
    if (deadLetter !== undefined) return { state: 'decided', deadLetter };
  }
  const timeMs = originalTimeMs(record);
  const sought = key && { key, timeMs, fromMs: fromMs - SAME_BATCH_MS };
  return {
    state: 'decided',
    events: await Promise.all(events.map((event) => foundEvent(options, eventPartition, event))),
    outputs: sought ? await outputsOf(options, eventPartition, sought, events[0]?.event) : [],
  };
}

/** Where inputs of the same entity and millisecond have as many outputs each, those of this one are told apart. */
async function outputsOf(
  { definition, log }: ExplainOptions,
  eventPartition: TopicIdPartition,
  sought: Parameters<typeof findOutputs>[2],
  event: TailEvent | undefined,
): Promise<FoundRecord[]> {
  const found: FoundRecord[] = [];
  for (const topic of definition.outputTopics) {
    const at = await partitionOf(log, topic, sought.key, eventPartition.partition);
    const candidates = at ? await findOutputs(log, at, sought) : [];
    const place =
      candidates.length > 1 && event
        ? await placeAmongTwins(log, eventPartition, event)
        : { index: 0, count: 1 };
    const each = candidates.length / place.count;
    const isApart = Number.isInteger(each) && place.index >= 0;
    found.push(
      ...(isApart ? candidates.slice(place.index * each, (place.index + 1) * each) : candidates),
    );
  }
  return found;
}

/** The brokers of two topics append the records of one transaction at times that differ. */
const SAME_BATCH_MS = 5_000;

/** @param key whose home it is; if there is none, the topic's share of the shard */
async function partitionOf(
  log: ReadableLog,
  topic: string,
  key: Uint8Array | undefined,
  shard: number,
): Promise<TopicIdPartition | undefined> {
  const [found] = await log.admin.describeTopics([topic]);
  if (found === undefined) return undefined;
  const { partitionCount, topicId } = found;
  const partition = key ? homePartition(key, partitionCount) : shard % partitionCount;
  return { topic, topicId, partition };
}

async function foundEvent(
  { definition, journal }: ExplainOptions,
  { topic, partition }: TopicIdPartition,
  { appendedMs, event }: SourcedEvent,
): Promise<FoundEvent> {
  const [row] = await journal.readShards(definition.type, [partition]);
  const { eventNumber, offset, seq } = event;
  return {
    topic,
    partition,
    offset,
    appendedMs,
    seq,
    eventNumber,
    isParked: isParked(event),
    isJournaled: row !== undefined && row.position.offset > offset,
  };
}

function isParked({ event }: TailEvent): boolean {
  return isEngineEvent(event) && decodeEngineEvent(event).$ === 'parked';
}
