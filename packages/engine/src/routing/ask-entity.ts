import { callOwner } from './call-owner.ts';
import { Deadline } from './deadline.ts';
import type { Answer, AskOutcome, InputPosition, Question } from './entity-owner.ts';
import { RouterError } from './router-error.ts';
import type { RoutingContext } from './routing-context.ts';
import { Trouble } from './trouble.ts';
import { waitForRetry } from './wait-for-retry.ts';

export type AskOptions = {
  /** Default: 5,000. */
  readonly deadlineMs?: number | undefined;
  /** Default: false, the lease is enough. */
  readonly isCurrent?: boolean;
  /** The answer includes what the input records before it lead to. */
  readonly including?: InputPosition | undefined;
  /** Ends the question with its reason. */
  readonly signal?: AbortSignal;
};

/** Asks the owner, here or one hop away, again and again until it answers or the deadline passes. Rejects with a RouterError, or with the reason of the caller's signal. */
export async function askEntity(
  context: RoutingContext,
  asked: { readonly entityType: string; readonly question: Question },
  options: AskOptions,
): Promise<Answer> {
  const { counters, timers, limits } = context;
  const { deadlineMs = limits.deadlineMs } = options;
  const deadline = new Deadline(timers, deadlineMs, options.signal);
  const progress = { tries: 0, trouble: new Trouble('no node is known that owns it') };
  try {
    const outcome = await askUntilAnswered(context, asked, progress, deadline.signal);
    if (outcome.kind === 'answered') return outcome.answer;
    counters.refused += 1;
    throw new RouterError(outcome.code, outcome.reason);
  } catch (error) {
    if (!deadline.hasPassed || error instanceof RouterError) throw error;
    counters.unavailable += 1;
    const { tries, trouble } = progress;
    throw new RouterError(
      'unavailable',
      `${asked.entityType} ${asked.question.entityId} did not answer within ${deadlineMs} ms: ${trouble.words} (${tries} ${tries === 1 ? 'try' : 'tries'}). Ask again later.`,
      { cause: error },
    );
  } finally {
    deadline.clear();
  }
}

type Progress = { tries: number; readonly trouble: Trouble };

async function askUntilAnswered(
  context: RoutingContext,
  { entityType, question }: { readonly entityType: string; readonly question: Question },
  progress: Progress,
  signal: AbortSignal,
): Promise<Exclude<AskOutcome, { kind: 'not-owner' }>> {
  const { counters, limits, peers } = context;
  const { hopTimeoutMs } = limits;
  for (;;) {
    progress.tries += 1;
    if (progress.tries > 1) counters.retried += 1;
    const called = await callOwner<Exclude<AskOutcome, { kind: 'not-owner' }>>(
      context,
      {
        entityType,
        entityId: question.entityId,
        here: (owner, ending) => owner.ask(question, ending),
        there: ({ endpoint }, ending) =>
          peers.ask(endpoint, entityType, question, { timeoutMs: hopTimeoutMs, signal: ending }),
        hopTimeoutMs,
        trouble: progress.trouble,
      },
      signal,
    );
    if (called.kind === 'ended') {
      if (called.outcome.kind === 'answered') {
        counters[called.isHere ? 'answeredLocally' : 'answeredByHop'] += 1;
      }
      return called.outcome;
    }
    if (called.kind === 'in-vain') {
      await waitForRetry(context, { entityType, tries: progress.tries }, signal);
    }
  }
}
