import { writeFileSync } from 'node:fs';
import { openLmdbJournal } from '@chat-cluster/journal-lmdb';

/** Writes the conversations' rows of an LMDB journal to a file, as the checker reads them. */
export async function dumpJournal(dir: string, file: string): Promise<void> {
  const journal = await openLmdbJournal({ dir });
  const lines: string[] = [];
  for await (const { entityId, seq, event, timestampMs, source } of journal.scan('conversation')) {
    const text = Buffer.from(event).toString();
    const { partition, offset } = source;
    const row = { entityId, seq, event: text, timestampMs, source: { partition, offset } };
    lines.push(JSON.stringify({ entityType: 'conversation', ...row }));
  }
  await journal.close();
  writeFileSync(file, `${lines.join('\n')}\n`);
}
