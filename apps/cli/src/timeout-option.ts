import type { Options } from '@chat-cluster/app-chat-node/settings';
import type { Given } from './given.ts';

/** For commands that wait for an answer. */
export const TIMEOUT_OPTION = {
  timeout: { value: 'SECONDS', description: 'how long to wait for the answer (10)' },
} as const satisfies Options;

/** How long a command waits for its answer. */
export function timeoutMsOf(given: Given): number {
  return given.number('timeout', { min: 1, max: TIMEOUT_MAX_S, otherwise: 10 }) * 1_000;
}

/** An hour: who waits for longer looks again. */
const TIMEOUT_MAX_S = 3_600;
