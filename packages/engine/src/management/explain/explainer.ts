import { type Journal, JournalError } from '@chat-cluster/journal';
import type { Timers } from '@chat-cluster/kernel';
import { type Log, type LogAdmin, LogError } from '@chat-cluster/log';
import { Limiter } from '../../recovery/limiter.ts';
import { Deadline, untilAborted, waitFor } from '../../routing/deadline.ts';
import type { Report } from '../report.ts';
import type { ExplainOutcome, ExplainQuestion, ExplainRefusedCode } from './explain-outcome.ts';
import { explain, type ExplainMessageOptions } from './explain.ts';
import type { ReadableLog } from './log-reader.ts';

export type ExplainerOptions = Omit<ExplainMessageOptions, 'log' | 'journal'> & {
  /** Its result is closed with the explainer. */
  readonly openLog: () => Log;
  readonly journal: Journal;
  readonly timers: Timers;
  readonly report: Report;
};

/** Questions under way, the one that is answered among them: each reads some thousands of records. */
const QUESTIONS_MAX = 16;
/** Between two looks at offsets that a transaction is about to change. */
const UNSTABLE_POLL_MS = 20;

/**
 * Answers what became of records, one question after the other, on a log client of its own that is opened for the first one. A question ends by its deadline, the time that it waits for others
 * included.
 */
export class Explainer {
  readonly #options: ExplainerOptions;
  readonly #line = new Limiter(1);
  #log: Log | undefined;
  #underWay = 0;
  #isClosed = false;

  constructor(options: ExplainerOptions) {
    this.#options = options;
  }

  /** Never rejects. When the signal is aborted, because who asked has gone, the next question has its turn. */
  async explain(
    question: ExplainQuestion,
    deadlineMs: number,
    signal?: AbortSignal,
  ): Promise<ExplainOutcome> {
    if (this.#isClosed) return refused('overloaded', 'This node is stopping: ask another one.');
    if (this.#underWay >= QUESTIONS_MAX) {
      return refused('overloaded', 'Too many questions wait: ask again later.');
    }
    this.#underWay += 1;
    const deadline = new Deadline(this.#options.timers, deadlineMs, signal);
    try {
      return await this.#explainBy(question, deadline.signal);
    } catch (error) {
      return this.#failure(question, error);
    } finally {
      deadline.clear();
      this.#underWay -= 1;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#log?.close();
  }

  async #explainBy(question: ExplainQuestion, signal: AbortSignal): Promise<ExplainOutcome> {
    try {
      return await this.#line.run(
        () => {
          if (this.#isClosed) throw new LogError('unavailable', 'This node is stopping.');
          this.#log ??= this.#options.openLog();
          const { journal, timers } = this.#options;
          const reads = {
            log: endingLog(this.#log, { signal, timers }),
            journal: endingJournal(journal, signal),
          };
          return explain({ ...this.#options, ...reads }, question, signal);
        },
        { signal },
      );
    } catch (error) {
      if (!signal.aborted) throw error;
      return refused('deadline', 'Time was up while other questions were answered: ask later.');
    }
  }

  #failure(question: ExplainQuestion, error: unknown): ExplainOutcome {
    if (error instanceof LogError || error instanceof JournalError) {
      return refused('unreadable', error.message);
    }
    this.#options.report('error', 'A record could not be explained.', { ...question, error });
    return refused('failed', 'This could not be explained: the node’s log says why.');
  }
}

function refused(code: ExplainRefusedCode, reason: string): ExplainOutcome {
  return { kind: 'refused', code, reason };
}

type Until = { readonly signal: AbortSignal; readonly timers: Timers };

/** The same log; what is read of it is given up when the signal is aborted: a read that still runs then ends by itself, a thousand records later at most. */
function endingLog(log: Log, until: Until): ReadableLog {
  const { admin } = log;
  const { signal } = until;
  return {
    admin: {
      describeTopics: (topics) => untilAborted(admin.describeTopics(topics), signal),
      listOffsets: (specs) => untilAborted(admin.listOffsets(specs), signal),
      committedOffsets: (asked) => stableOffsets(admin, asked, until),
    },
    readRange: (range) => untilAborted(log.readRange(range), signal),
  };
}

/** A node that is busy has a transaction under way most of the time. */
async function stableOffsets(
  admin: LogAdmin,
  asked: Parameters<LogAdmin['committedOffsets']>[0],
  { signal, timers }: Until,
): ReturnType<LogAdmin['committedOffsets']> {
  for (;;) {
    try {
      return await untilAborted(admin.committedOffsets(asked), signal);
    } catch (error) {
      if (!(error instanceof LogError) || error.code !== 'unstable-offsets') throw error;
    }
    await waitFor(timers, UNSTABLE_POLL_MS, signal);
  }
}

function endingJournal(journal: Journal, signal: AbortSignal): Pick<Journal, 'readShards'> {
  return { readShards: (type, shards) => untilAborted(journal.readShards(type, shards), signal) };
}
