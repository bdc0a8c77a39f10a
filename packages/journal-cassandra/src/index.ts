export { type CassandraJournalOptions, openCassandraJournal } from './open-cassandra-journal.ts';
