// Rows a second, and the CPU that they cost this process, against Cassandra on 127.0.0.1:9042, as
// `npm run services -- start --kafka 0` starts it. Run it with node; it prints a table.
import { type AppendFigures, measureAppends } from '@chat-cluster/journal/bench';
import { openCassandraJournal } from './open-cassandra-journal.ts';

const journal = await openCassandraJournal({
  contactPoints: ['127.0.0.1'],
  keyspace: 'journal_bench',
});
const figures: AppendFigures[] = [];
for (const [batchRows, conversations] of [
  [1_000, 1_000],
  [1_000, 20_000],
  [8_000, 1_000],
] as const) {
  const load = { rows: 96_000, batchRows, conversations, inFlight: 1 };
  figures.push(await measureAppends(journal, load));
}
await journal.close();
console.table(figures);
