import { assert } from '@chat-cluster/kernel';
import { homePartition, type FetchedRecord } from '@chat-cluster/log';
import type { EngineHarness } from '../engine-harness.ts';
import { decodeEngineEvent, isEngineEvent } from '../entity/engine-event.ts';
import { decodeEventRecord, headerText, type TailEvent } from '../output/event-record.ts';

/** What an operator puts in the place of a number. */
export const EDITED_NUMBER = 5;
/** The harness creates this topic first. */
export const ADD_TOPIC_ID = '00000000-0000-4000-8000-000000000001';

/** What was sent, for comparison. */
export type Sent = {
  readonly ids: readonly string[];
  adds: number;
  asks: number;
  unreadable: number;
};

/** Whether as much has come out as went in. */
export async function isSettled(harness: EngineHarness, sent: Sent): Promise<boolean> {
  const totals = await harness.read('totals');
  const answers = await harness.read('answers');
  const letters = await harness.read('dead');
  const events = await readEvents(harness);
  const skipped = events.filter((event) => howUnparked(event) === 'skipped');
  if (totals.length + skipped.length < sent.adds || answers.length < sent.asks) return false;
  if (letters.length < sent.unreadable) return false;
  const rows = sent.ids.reduce((sum, id) => sum + harness.seqsOf(id).length, 0);
  return rows === events.length;
}

/** Compares inputs, outputs, events and journal; throws at the first thing that is not as it must be. */
export async function auditHistory(harness: EngineHarness, sent: Sent): Promise<void> {
  const events = await readEvents(harness);
  await auditForwards(harness, sent);
  for (const id of sent.ids) await auditTotals(harness, id, events);
  const answers = await harness.read('answers');
  assert(answers.length === sent.asks, `${sent.asks} asks have ${answers.length} answers.`);
  const letters = await harness.read('dead');
  assert(
    letters.length === sent.unreadable,
    `${sent.unreadable} unreadable records are ${letters.length} dead letters.`,
  );
  auditNumbers(events, harness.partitionCount);
  for (const id of sent.ids) auditEntity(harness, id, events);
}

/** Every record that was sent to another partition has one copy at home. */
async function auditForwards(harness: EngineHarness, sent: Sent): Promise<void> {
  const records = await harness.read('add');
  const origins = records.flatMap(({ headers }) => headerText(headers, 'fw-from') ?? []);
  assert(new Set(origins).size === origins.length, 'A record is forwarded once.');
  const originals = records.length - origins.length;
  assert(originals === sent.adds + sent.unreadable, 'Every record that was sent is in the topic.');
}

/**
 * The totals of an entity are the sums of its home log, in order: no record lost, repeated or overtaken. What an operator has skipped is left out, what was edited is another number.
 */
async function auditTotals(
  harness: EngineHarness,
  id: string,
  events: readonly ShardEvent[],
): Promise<void> {
  const home = homePartition(Buffer.from(id), harness.partitionCount);
  const unparked = new Map(
    events
      .filter((event) => event.entityId === id && howUnparked(event) !== undefined)
      .map((event) => [event.source.offset, howUnparked(event)]),
  );
  const expected: number[] = [];
  for (const record of await harness.readPartition('add', home)) {
    const sent = addOf(record, id);
    const how = unparked.get(record.offset);
    if (sent === undefined || how === 'skipped') continue;
    expected.push((expected.at(-1) ?? 0) + (how === 'edited' ? EDITED_NUMBER : sent));
  }
  const totals = await harness.totalsOf(id);
  assert(
    JSON.stringify(totals) === JSON.stringify(expected),
    `The totals of ${id} are ${totals.join()}, its home log adds up to ${expected.join()}.`,
  );
}

/** How an operator was done with a parked add; undefined for an event that says nothing of that. */
function howUnparked({ event, source }: ShardEvent): string | undefined {
  if (!isEngineEvent(event) || source.topicId !== ADD_TOPIC_ID) return undefined;
  const decoded = decodeEngineEvent(event);
  return decoded.$ === 'unparked' ? decoded.how : undefined;
}

function addOf({ value }: FetchedRecord, wantedId: string): number | undefined {
  const text = Buffer.from(value ?? []).toString();
  if (!text.startsWith('{')) return undefined;
  const { id, add } = JSON.parse(text) as { id: string; add: number };
  return id === wantedId ? add : undefined;
}

export type ShardEvent = TailEvent & { readonly shard: number };

/** Every committed event, shard by shard in order. */
export async function readEvents(harness: EngineHarness): Promise<ShardEvent[]> {
  const events: ShardEvent[] = [];
  for (let shard = 0; shard < harness.partitionCount; shard++) {
    for (const record of await harness.readPartition('counter_events', shard)) {
      const event = decodeEventRecord(record);
      assert(event !== undefined, 'The event topic holds events only.');
      events.push({ ...event, shard });
    }
  }
  return events;
}

function auditNumbers(events: readonly ShardEvent[], partitionCount: number): void {
  for (let shard = 0; shard < partitionCount; shard++) {
    events
      .filter((event) => event.shard === shard)
      .forEach(({ eventNumber }, index) => {
        assert(
          eventNumber === index + 1,
          `Event ${index + 1} of shard ${shard} has number ${eventNumber}.`,
        );
      });
  }
}

/** An entity's events have one home, run from seq 0 without gaps, and are its rows in the journal, byte for byte. */
function auditEntity(harness: EngineHarness, id: string, events: readonly ShardEvent[]): void {
  const home = homePartition(Buffer.from(id), harness.partitionCount);
  const own = events.filter(({ entityId }) => entityId === id);
  const rows = harness.store.rows('counter', id);
  assert(rows.length === own.length, `${id} has ${own.length} events and ${rows.length} rows.`);
  own.forEach((event, seq) => {
    const row = rows[seq];
    assert(event.shard === home && event.seq === seq, `Event ${seq} of ${id} is in its place.`);
    assert(row !== undefined && row.seq === seq, `Row ${seq} of ${id} is in its place.`);
    assert(
      Buffer.from(row.event).equals(event.event) &&
        row.timestampMs === event.timestampMs &&
        JSON.stringify(row.source) === JSON.stringify(event.source),
      `Row ${seq} of ${id} is its event.`,
    );
  });
  const added = own.filter(({ event }) => !isEngineEvent(event)).map(({ source }) => source);
  const sources = new Set(added.map(({ topicId, offset }) => `${topicId}/${offset}`));
  assert(sources.size === added.length, `Each event of ${id} has a record of its own.`);
}
