export * from './journal-error.ts';
export * from './journal.ts';
