/**
 * Why a shard is not processed, and what an operator can do. Closed set:
 * - offsets-reset: the group's offset of an input is missing or not ours.
 * - foreign-offsets: the group had offsets of somebody else's before the shard was ever placed.
 * - journal-lost: events were committed, and the journal knows nothing of the shard.
 * - event-topic-changed: the event topic was deleted or recreated, or is shorter than the journal.
 * - backlog-gap: the event topic lacks events that the journal lacks too.
 * - event-count-differs: the event topic and the committed offsets disagree on the number of events.
 * - input-error: an input can no longer be fetched (offset out of range, recreated, deleted).
 * - refused: the log refused what was decided.
 * - failed: a programmer error or a journal that cannot be read.
 */
export type ShardStoppedCode =
  | 'offsets-reset'
  | 'foreign-offsets'
  | 'journal-lost'
  | 'event-topic-changed'
  | 'backlog-gap'
  | 'event-count-differs'
  | 'input-error'
  | 'refused'
  | 'failed';

/** The shard keeps its partition and does nothing more until the node is started again or the shard moves. */
export class ShardStoppedError extends Error {
  override readonly name = 'ShardStoppedError';
  readonly code: ShardStoppedCode;

  constructor(code: ShardStoppedCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
