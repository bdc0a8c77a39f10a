import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explain, ExplainOutcome } from '@chat-cluster/engine';
import { explainRoute } from './explain-route.ts';

function answering(outcome: ExplainOutcome): Explain & { readonly deadlinesMs: number[] } {
  const deadlinesMs: number[] = [];
  const explain: Explain = async (_question, deadlineMs) => {
    deadlinesMs.push(deadlineMs);
    return outcome;
  };
  return Object.assign(explain, { deadlinesMs });
}

const place = 'topic=in&partition=0&offset=0';

/** Of who waits for the answer. */
const { signal: stays } = new AbortController();

test('a question is answered, one that names nothing is told how to ask', async () => {
  const explain = answering({ kind: 'explained', explanations: [], searched: 'Not far.' });
  assert.deepEqual(await explainRoute(explain, 'messageId=m', stays), {
    status: 200,
    body: { explanations: [], searched: 'Not far.' },
  });
  const { body, status } = await explainRoute(explain, 'topic=in', stays);
  assert.equal(status, 400);
  assert.match(JSON.stringify(body), /Name a record/);
  assert.equal(explain.deadlinesMs.length, 1);
});

test('it is answered by the time that the asker names, and a little before', async () => {
  const explain = answering({ kind: 'explained', explanations: [] });
  assert.deepEqual(await explainRoute(explain, place, stays), {
    status: 200,
    body: { explanations: [] },
  });
  await explainRoute(explain, `${place}&timeoutMs=10000`, stays);
  await explainRoute(explain, `${place}&timeoutMs=soon`, stays);
  await explainRoute(explain, `${place}&timeoutMs=999999999`, stays);
  assert.deepEqual(explain.deadlinesMs, [20_000, 9_700, 20_000, 60_000]);
});

test('each refusal has a status that says whether to ask again', async () => {
  const statuses = [];
  for (const code of [
    'no-message-ids',
    'deadline',
    'unreadable',
    'overloaded',
    'failed',
  ] as const) {
    const { body, status } = await explainRoute(
      answering({ kind: 'refused', code, reason: 'This is why.' }),
      place,
      stays,
    );
    assert.deepEqual(body, { error: 'This is why.' });
    statuses.push(status);
  }
  assert.deepEqual(statuses, [400, 504, 503, 503, 500]);
});
