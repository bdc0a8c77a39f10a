/** Whether an error, or what caused it, is that nobody listens: of a name with several addresses, all must have refused. */
export function isRefusedConnection(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AggregateError) {
      return cause.errors.length > 0 && cause.errors.every(isRefusedConnection);
    }
    if ((cause as NodeJS.ErrnoException).code === 'ECONNREFUSED') return true;
  }
  return false;
}
