import { JournalError, type JournalAppend, type JournalPosition } from '@chat-cluster/journal';
import { assert, type Cancel, type Timers } from '@chat-cluster/kernel';
import { int64 } from './int64.ts';
import type { Session, Statement } from './session.ts';

type Positions = JournalAppend['positions'];

/** What waits for its time: written at the next tick, and what came since the last one. */
type Held = { due: Map<number, JournalPosition>; next: Map<number, JournalPosition> };

const WRITE_POSITION =
  'INSERT INTO shard (entity_type, shard, position_offset, event_number) VALUES (?, ?, ?, ?) ' +
  'USING TIMESTAMP ?';

/**
 * Writes the journal positions of shards, after their rows.
 *
 * Under `commitlog_sync: periodic` Cassandra acknowledges a write before it is on a disk. A power
 * loss of several nodes could take rows and leave the position that says they are there. So a
 * position is held back for `delayMs`, until its rows are synced for certain; what is lost then lies
 * above the position, and is written again from the event topic. Of each shard two positions are
 * held at most, so that a position is up to twice as late.
 */
export class PositionWriter {
  readonly #session: Session;
  readonly #timers: Timers;
  readonly #delayMs: number;
  readonly #held = new Map<string, Held>();
  #cancelTick: Cancel | undefined;
  #isClosed = false;

  /** @param options `delayMs`: 0 writes positions at once, before the call resolves */
  constructor(options: { session: Session; timers: Timers; delayMs: number }) {
    this.#session = options.session;
    this.#timers = options.timers;
    this.#delayMs = options.delayMs;
  }

  async write(entityType: string, positions: Positions): Promise<void> {
    if (positions.length === 0) return;
    if (this.#delayMs === 0) {
      await this.#session.write(positions.map((position) => statement(entityType, position)));
      return;
    }
    const held: Held = this.#held.get(entityType) ?? { due: new Map(), next: new Map() };
    this.#held.set(entityType, held);
    for (const { shard, offset, eventNumber } of positions) {
      const before = held.next.get(shard);
      if (before && before.eventNumber > eventNumber) continue;
      held.next.set(shard, { offset, eventNumber });
    }
    this.#startTicking();
  }

  /** Positions that are held are dropped: an older one is as true. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTick?.();
  }

  #startTicking(): void {
    if (this.#cancelTick || this.#isClosed) return;
    this.#cancelTick = this.#timers.after(this.#delayMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    for (const [entityType, held] of this.#held) {
      const written = await this.#writeDue(entityType, held.due);
      // What came in the tick before is a whole delay old at the next tick.
      for (const [shard, position] of held.next) held.due.set(shard, position);
      held.next = new Map();
      if (written && held.due.size === 0) this.#held.delete(entityType);
    }
    this.#cancelTick = undefined;
    if (this.#held.size > 0) this.#startTicking();
  }

  /** False if Cassandra was away; the positions stay due. */
  async #writeDue(entityType: string, due: Map<number, JournalPosition>): Promise<boolean> {
    const positions = [...due].map(([shard, position]) => ({ shard, ...position }));
    due.clear();
    try {
      await this.#session.write(positions.map((position) => statement(entityType, position)));
      return true;
    } catch (error) {
      assert(error instanceof JournalError, 'Only Cassandra fails to write positions.');
      for (const { shard, offset, eventNumber } of positions) {
        due.set(shard, { offset, eventNumber });
      }
      return false;
    }
  }
}

function statement(entityType: string, position: Positions[number]): Statement {
  const { shard, offset, eventNumber } = position;
  const number = int64(eventNumber);
  return { query: WRITE_POSITION, params: [entityType, shard, int64(offset), number, number] };
}
