/**
 * A programmer's error: an invariant of the code does not hold. It is never caught to carry on; the
 * owner of the state stops.
 */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/**
 * States what must be true here. Always on, in production too.
 *
 * @param condition what must be truthy; its type is narrowed afterwards
 * @param message a sentence that says what holds, without the values: building it must cost nothing
 * @throws AssertionFailure when the condition is falsy
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/**
 * Closes a `switch` over a union: adding a member to the union stops the compiler here.
 *
 * @param value what no branch took
 * @param what the name of the union, for the message
 * @throws AssertionFailure always
 */
export function unreachable(value: never, what: string): never {
  throw new AssertionFailure(`${what} has no such member: ${describe(value)}`);
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
