import type { JournalAppend } from '@chat-cluster/journal';
import { int64 } from './int64.ts';
import type { Session, Statement } from './session.ts';

const WRITE_POSITION =
  'INSERT INTO shard (entity_type, shard, position_offset, event_number) VALUES (?, ?, ?, ?) ' +
  'USING TIMESTAMP ?';

/** The timestamp is the event number: of two positions of a shard the one with the higher number stays (promise 3). */
export async function writePositions(
  session: Session,
  entityType: string,
  positions: JournalAppend['positions'],
): Promise<void> {
  const statements = positions.map(({ shard, offset, eventNumber }): Statement => {
    const number = int64(eventNumber);
    return { query: WRITE_POSITION, params: [entityType, shard, int64(offset), number, number] };
  });
  await session.write(statements);
}
