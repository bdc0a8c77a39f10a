export { type LmdbJournalOptions, openLmdbJournal } from './open-lmdb-journal.ts';
