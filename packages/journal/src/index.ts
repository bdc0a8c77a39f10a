export * from './bucket.ts';
export * from './concurrency-limit.ts';
export * from './journal-error.ts';
export * from './journal-limits.ts';
export * from './journal.ts';
export * from './memory-journal-faults.ts';
export * from './memory-journal-store.ts';
export * from './memory-journal.ts';
