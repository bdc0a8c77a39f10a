const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Never compacted: an input is read by its position, and a position in a compacted log may point at
 * nothing.
 */
export const INPUT_CONFIGS = {
  'cleanup.policy': 'delete',
  'retention.ms': String(7 * DAY_MS),
  'message.timestamp.type': 'CreateTime',
} as const;

/**
 * LogAppendTime: an input's time of 0 or of the far future must not delete, nor refuse, what was
 * made from it.
 */
export const OUTPUT_CONFIGS = {
  'cleanup.policy': 'delete',
  'retention.ms': String(7 * DAY_MS),
  'message.timestamp.type': 'LogAppendTime',
} as const;

/**
 * The journal's tail: what is in an event topic is not in the journal yet, or not for long. Only
 * time deletes it, never size, and never compaction.
 */
export const EVENT_CONFIGS = { ...OUTPUT_CONFIGS, 'retention.bytes': '-1' } as const;

/** The last record of a key counts. */
export const QUARANTINE_CONFIGS = {
  'cleanup.policy': 'compact',
  'message.timestamp.type': 'LogAppendTime',
} as const;

/** Dead letters wait for a person, so they are kept for longer. */
export const DEAD_LETTER_CONFIGS = {
  ...OUTPUT_CONFIGS,
  'retention.ms': String(30 * DAY_MS),
} as const;
