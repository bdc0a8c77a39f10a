import type { Explanation, RecordAt } from './explanation.ts';

/** Which record is meant: by its place, or by the id that its sender gave it. */
export type ExplainQuestion =
  | { readonly kind: 'record'; readonly at: RecordAt }
  | {
      readonly kind: 'message';
      readonly messageId: string;
      /** Whose it is: then one partition is read, not all. */
      readonly entityId: string | undefined;
    };

/**
 * - no-message-ids: the application's records carry none, so nothing can be found by one
 * - deadline: time was up before anything was found
 * - unreadable: the log or the journal did not answer; asking again later may help
 * - overloaded: too many questions wait, or the process is stopping; asking again later, or another node, helps
 * - failed: a fault of this program, which its log tells more of
 */
export type ExplainRefusedCode =
  | 'no-message-ids'
  | 'deadline'
  | 'unreadable'
  | 'overloaded'
  | 'failed';

export type Explained = {
  readonly kind: 'explained';
  /** Oldest first within a partition; empty when no record carries the message's id. */
  readonly explanations: readonly Explanation[];
  /** How far a message's id was looked for, a sentence; where nothing was found, or time was up before the end. */
  readonly searched?: string;
};

/** In plain values: the worker that reads may live in another process. */
export type ExplainOutcome =
  | Explained
  | {
      readonly kind: 'refused';
      readonly code: ExplainRefusedCode;
      /** A sentence that says what to do. */
      readonly reason: string;
    };

/** Answers a question about a record, by the deadline, or when the signal says that who asked has gone. Never rejects. */
export type Explain = (
  question: ExplainQuestion,
  deadlineMs: number,
  signal?: AbortSignal,
) => Promise<ExplainOutcome>;

/** For who names no time. */
export const EXPLAIN_DEADLINE_MS = 20_000;
