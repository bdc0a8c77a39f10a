import type { EventQuery, JournalRow } from '@chat-cluster/journal';
import { SEQ_MAX } from '@chat-cluster/journal';
import type { EntityKeys } from './keys.ts';
import { decodeRow } from './row-codec.ts';
import type { Tables } from './tables.ts';

/** The rows of one entity from `seqFrom` on, up to `countMax` of them. */
export function readEvents(
  tables: Tables,
  keys: EntityKeys,
  { entityId, seqFrom, countMax }: EventQuery,
): readonly JournalRow[] {
  if (seqFrom > SEQ_MAX) return [];
  const entries = tables.journal.getRange({
    start: keys.row(entityId, seqFrom),
    end: keys.row(entityId, SEQ_MAX + 1),
    limit: countMax,
  });
  const rows: JournalRow[] = [];
  for (const { key, value } of entries) rows.push(decodeRow(keys.parseRow(key), value));
  return rows;
}

/** The first rows of an entity type, or those after `last`, up to `countMax` of them. */
export function readPage(
  tables: Tables,
  keys: EntityKeys,
  { last, countMax }: { readonly last: JournalRow | undefined; readonly countMax: number },
): readonly JournalRow[] {
  const entries = tables.journal.getRange({
    start: last ? keys.row(last.entityId, last.seq + 1) : keys.prefix,
    end: keys.afterAll(),
    limit: countMax,
  });
  const rows: JournalRow[] = [];
  for (const { key, value } of entries) rows.push(decodeRow(keys.parseRow(key), value));
  return rows;
}
