import { journalContract } from '@chat-cluster/journal/contract';
import { openCassandraJournal } from './open-cassandra-journal.ts';

journalContract('the Cassandra journal', () =>
  openCassandraJournal({ contactPoints: ['127.0.0.1'], port: 19300, positionDelayMs: 0 }),
);
