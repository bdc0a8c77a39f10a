import type { MemoryApi, MemoryFault } from '@chat-cluster/log';
import { EngineHarness, type HarnessNode } from '../engine-harness.ts';
import type { AskOutcome, Question } from '../routing/entity-owner.ts';

/** A question that was asked in a test, and what has come of it. */
export type Asked = { outcome?: AskOutcome; error?: unknown; readonly abort: () => void };

export function questionOf(
  changes: Partial<Question> & { readonly asks?: unknown } = {},
): Question {
  const { asks = 'total', ...others } = changes;
  const question = Buffer.from(JSON.stringify(asks));
  return { entityId: 'x', question, isCurrent: false, including: undefined, ...others };
}

/** Asks x for its total, but for what is changed, and keeps what comes of it. */
export function ask(node: HarnessNode, changes: Parameters<typeof questionOf>[0] = {}): Asked {
  const controller = new AbortController();
  const asked: Asked = { abort: () => controller.abort(new Error('enough')) };
  node
    .worker()
    .ask(questionOf(changes), controller.signal)
    .then(
      (outcome) => (asked.outcome = outcome),
      (error: unknown) => (asked.error = error),
    );
  return asked;
}

/** Requests of this kind get lost, or what the fault says, from now on. */
export function disturb(
  harness: EngineHarness,
  api: MemoryApi,
  fault: MemoryFault = { kind: 'drop-request', noticedAfterMs: 50 },
): void {
  harness.broker.network.faults = {
    decide: (call) => (call.api === api && call.client !== 'outside' ? fault : { kind: 'pass' }),
  };
}

export function heal(harness: EngineHarness): void {
  harness.broker.network.faults = { decide: () => ({ kind: 'pass' }) };
}

/** One node that has run for longer than a lease. */
export async function play(options: ConstructorParameters<typeof EngineHarness>[0] = {}) {
  const harness = new EngineHarness({ partitionCount: 1, ...options });
  const node = await harness.startNode('a');
  await harness.pass(2_000);
  return { harness, node };
}
