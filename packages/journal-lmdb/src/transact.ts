import { writeError } from './lmdb-errors.ts';
import type { Tables } from './tables.ts';

/**
 * One transaction, durable when resolved.
 *
 * LMDB's own thread does the `puts`, and syncs; `compare` runs on this thread while that one waits,
 * and sees and writes the transaction's state. So what must be compared is compared under the write
 * lock that all processes share, and the many plain rows cost this thread only their encoding.
 *
 * @param work `puts`: what to put, whatever is there; `compare`: reads and puts by what it read
 * @throws JournalError when the commit failed, and nothing is written; what `compare` throws
 */
export async function transact(
  tables: Tables,
  work: { readonly puts?: () => void; readonly compare?: () => void },
): Promise<void> {
  const { puts, compare } = work;
  let thrown: { readonly error: unknown } | undefined;
  const runCompare = (): void => {
    try {
      compare?.();
    } catch (error) {
      thrown = { error };
    }
  };
  try {
    await tables.environment.batch(() => {
      puts?.();
      // The batch waits for the callback, and its own promise is the one that tells the end.
      if (compare) void tables.environment.transaction(runCompare);
    });
  } catch (error) {
    throw await writeError(tables.dir, error);
  }
  if (thrown) throw thrown.error;
}
