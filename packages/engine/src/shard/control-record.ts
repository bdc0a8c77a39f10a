import type { FetchedRecord } from '@chat-cluster/log';
import type { ReadInput } from '../entity/entity-definition.ts';

/** Names a parked record by where it came from. */
export type ParkedPosition = {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
};

/**
 * What an operator may do with a quarantined entity: decide its first parked record again (retry), drop it (skip), or decide another value in its place (edit); the others follow in order.
 * skip and edit name the record they mean, so that a command that comes twice cannot hit the next one.
 */
export type ControlCommand =
  | { readonly action: 'retry' }
  | { readonly action: 'skip'; readonly position: ParkedPosition }
  | { readonly action: 'edit'; readonly position: ParkedPosition; readonly value: Uint8Array };

/**
 * Reads a record of the control topic: JSON `{"entityId", "action": "retry" | "skip" | "edit", "position"?: {"topicId", "partition", "offset"}, "value"?: string, "valueBase64"?: string}`:
 * an edit has its value as text, or, where that is not JSON or not UTF-8, in base64.
 */
export function readControl(record: FetchedRecord): ReadInput<ControlCommand> {
  const parsed = parse(record.value);
  if (parsed === undefined) return refused('A control record is a JSON object.');
  const { entityId, action } = parsed;
  if (typeof entityId !== 'string') return refused('entityId must be a string.');
  if (action === 'retry') return { ok: true, entityId, command: { action } };
  const position = readPosition(parsed['position']);
  if (action !== 'skip' && action !== 'edit') {
    return refused('action must be "retry", "skip" or "edit".');
  }
  if (position === undefined) {
    return refused(`${action} must name the parked record: position {topicId, partition, offset}.`);
  }
  if (action === 'skip') return { ok: true, entityId, command: { action, position } };
  const value = readValue(parsed);
  if (value === undefined) {
    return refused('edit needs the new value, a string: value, or valueBase64 for any bytes.');
  }
  return { ok: true, entityId, command: { action, position, value } };
}

/** The command that goes on where a long retry stopped. */
export function retryRecordValue(entityId: string): Uint8Array {
  return Buffer.from(JSON.stringify({ entityId, action: 'retry' }));
}

function parse(value: Uint8Array | null): Record<string, unknown> | undefined {
  if (value === null) return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value).toString());
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? { ...parsed }
      : undefined;
  } catch {
    return undefined;
  }
}

function readValue({ value, valueBase64 }: Record<string, unknown>): Uint8Array | undefined {
  if (typeof value === 'string') return Buffer.from(value);
  if (typeof valueBase64 !== 'string') return undefined;
  const bytes = Buffer.from(valueBase64, 'base64');
  return bytes.toString('base64') === valueBase64 ? bytes : undefined;
}

function readPosition(position: unknown): ParkedPosition | undefined {
  if (typeof position !== 'object' || position === null) return undefined;
  const { topicId, partition, offset } = position as Record<string, unknown>;
  if (typeof topicId !== 'string') return undefined;
  if (typeof partition !== 'number' || typeof offset !== 'number') return undefined;
  return { topicId, partition, offset };
}

function refused(reason: string): ReadInput<never> {
  return { ok: false, code: 'invalid-control', reason };
}
