import {
  askDeadlineMs,
  EXPLAIN_DEADLINE_MS,
  type Explain,
  type ExplainRefusedCode,
  readExplainQuestion,
} from '@chat-cluster/engine';

/** An answer of the management server. */
export type RouteAnswer = { readonly status: number; readonly body: unknown };

/**
 * Answers `/explain`; `query` is what stands behind the question mark: `{"explanations":[…]}`, with `searched` where a message's id was looked for; an error's sentence with 400 for a question that names nothing or
 * cannot be answered, 503 when the log or the journal does not answer or too many questions wait, 504 when time was up: 20 s, or what `timeoutMs` says.
 */
export async function explainRoute(
  explain: Explain,
  query: string,
  signal: AbortSignal,
): Promise<RouteAnswer> {
  const parameters = new URLSearchParams(query);
  const question = readExplainQuestion(parameters);
  if (typeof question === 'string') return { status: 400, body: { error: question } };
  const timeout = /^\d{1,9}$/.exec(parameters.get('timeoutMs') ?? '')?.[0];
  const timeoutMs = timeout === undefined ? undefined : Number(timeout);
  const deadlineMs = askDeadlineMs(timeoutMs, EXPLAIN_DEADLINE_MS);
  const outcome = await explain(question, deadlineMs, signal);
  if (outcome.kind === 'refused') {
    return { status: statuses[outcome.code], body: { error: outcome.reason } };
  }
  const { explanations, searched } = outcome;
  return { status: 200, body: { explanations, ...(searched !== undefined && { searched }) } };
}

const statuses: Readonly<Record<ExplainRefusedCode, number>> = {
  'no-message-ids': 400,
  deadline: 504,
  unreadable: 503,
  overloaded: 503,
  failed: 500,
};
