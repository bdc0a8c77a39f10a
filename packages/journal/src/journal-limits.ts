import { JournalError } from './journal-error.ts';
import type { JournalRow, Snapshot } from './journal.ts';

/** An entity type is a short name of the program's own. */
export const ENTITY_TYPE_BYTES_MAX = 64;

/** Of an entity's id in UTF-8. A key of LMDB holds 1,978 bytes: type, id and seq fit in it. */
export const ENTITY_ID_BYTES_MAX = 256;

/** 1 MiB, as much as a record of an event topic holds. */
export const EVENT_BYTES_MAX = 1_048_576;

/**
 * 8 MiB. Cassandra takes a mutation of up to half a commit log segment, 16 MiB by default; as much
 * again stays for what it adds.
 */
export const SNAPSHOT_BYTES_MAX = 8_388_608;

/** @throws JournalError 'too-large' for an event of more than `EVENT_BYTES_MAX` */
export function checkEventSize(row: JournalRow): void {
  if (row.event.byteLength <= EVENT_BYTES_MAX) return;
  throw new JournalError(
    'too-large',
    `Event ${row.seq} of ${row.entityId} has ${row.event.byteLength} bytes, the journal takes ` +
      `${EVENT_BYTES_MAX}. Refuse the input that would cause it.`,
  );
}

/** @throws JournalError 'too-large' for a state of more than `SNAPSHOT_BYTES_MAX` */
export function checkSnapshotSize(snapshot: Snapshot): void {
  if (snapshot.state.byteLength <= SNAPSHOT_BYTES_MAX) return;
  throw new JournalError(
    'too-large',
    `The snapshot of ${snapshot.entityId} has ${snapshot.state.byteLength} bytes, the journal ` +
      `takes ${SNAPSHOT_BYTES_MAX}. Keep less state in the entity.`,
  );
}
