import type { RefusedCode } from './entity-owner.ts';

/**
 * `unavailable`: nobody answered before the deadline; asking again later may help. `too-slow`: a watcher did not keep up; it may watch again, from the seq after its last event. The others
 * are the owner's refusals: asking again does not help.
 */
export type RouterErrorCode = 'unavailable' | 'too-slow' | RefusedCode;

/** Why an entity did not answer, in a sentence that names it. */
export class RouterError extends Error {
  override readonly name = 'RouterError';
  readonly code: RouterErrorCode;

  constructor(code: RouterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
