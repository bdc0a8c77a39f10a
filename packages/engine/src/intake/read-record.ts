import type { FetchedRecord } from '@chat-cluster/log';
import type { InputReader, ReadInput } from '../entity/entity-definition.ts';

/** Reads a record; what the reader throws is a refusal too. */
export function readRecord<Command>(
  reader: InputReader<Command>,
  record: FetchedRecord,
): ReadInput<Command> {
  try {
    return reader(record);
  } catch (error) {
    const reason = `The reader of this topic threw: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, code: 'unreadable', reason };
  }
}
