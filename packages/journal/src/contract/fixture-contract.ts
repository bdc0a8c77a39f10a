import { randomUUID } from 'node:crypto';
import type { Journal, JournalPosition, JournalRow, Snapshot } from '../journal.ts';

/** The journal under test; opened before the first test. */
export type Subject = () => Journal;

/** Opens one more journal on the same store, as another process would. */
export type Open = () => Promise<Journal>;

/** Unlike any that another run used on the same store. */
export function freshType(): string {
  return `t${randomUUID().slice(0, 13)}`;
}

export function rowOf(entityId: string, seq: number): JournalRow {
  return {
    entityId,
    seq,
    event: utf8(JSON.stringify({ conversationKey: entityId, body: `Grüße ${seq} \u{1f680}` })),
    timestampMs: 1_700_000_000_000 + seq,
    source: { topicId: 'ZGVhZGJlZWZkZWFkYmVlZg', partition: seq % 12, offset: seq * 3 + 1 },
  };
}

export function rowsOf(entityId: string, seqFrom: number, count: number): readonly JournalRow[] {
  return Array.from({ length: count }, (_, index) => rowOf(entityId, seqFrom + index));
}

export function snapshotOf(entityId: string, seq: number): Snapshot {
  return { entityId, seq, state: utf8(JSON.stringify({ entityId, seq })) };
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Rows that compare by content, whatever class their bytes are. */
export function plain(rows: readonly JournalRow[]): readonly unknown[] {
  return rows.map((row) => ({
    entityId: row.entityId,
    seq: row.seq,
    event: Buffer.from(row.event).toString('latin1'),
    timestampMs: row.timestampMs,
    source: { ...row.source },
  }));
}

export function plainSnapshot(snapshot: Snapshot | undefined): unknown {
  return snapshot && { ...snapshot, state: Buffer.from(snapshot.state).toString('latin1') };
}

export async function appendRows(
  journal: Journal,
  entityType: string,
  rows: readonly JournalRow[],
): Promise<void> {
  await journal.append({ entityType, rows, positions: [] });
}

export async function readAll(
  journal: Journal,
  entityType: string,
  entityId: string,
): Promise<readonly unknown[]> {
  const query = { entityId, seqFrom: 0, countMax: 100_000 };
  const [rows] = await journal.readEvents(entityType, [query]);
  return plain(rows ?? []);
}

export async function placeShard(
  journal: Journal,
  entityType: string,
  shard: number,
): Promise<void> {
  await journal.placeShard(entityType, {
    shard,
    eventTopicId: `events-${shard}`,
    inputTopicIds: { in: `in-${shard}` },
  });
}

export async function readPosition(
  journal: Journal,
  entityType: string,
  shard: number,
): Promise<JournalPosition | undefined> {
  return (await journal.readShards(entityType, [shard]))[0]?.position;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
