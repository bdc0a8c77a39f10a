import { MemoryDurableLog } from '../state-journal/memory-durable-log.ts';
import { MemoryCommitLog } from '../write-ahead-log/memory-commit-log.ts';
import type { Storage } from './storage.ts';

/** The storage of a broker without a data folder: it forgets everything when it is closed. */
export function memoryStorage(): Storage {
  const commitLog = new MemoryCommitLog();
  return {
    commitLog,
    stateLog: new MemoryDurableLog(),
    newStore: () => null,
    recover: () => Promise.resolve({ store: null, checkpoint: null, entries: [], failure: null }),
    markChanged() {},
    requestCheckpoint() {},
    removeTopic: () => Promise.resolve(),
    start() {},
    close: () => commitLog.close(),
  };
}
