import assert from 'node:assert/strict';
import { openJournal } from '@chat-cluster/app-chat-node';
import { readJournalAddress } from '@chat-cluster/app-chat-node/settings';
import type { Journal, JournalRow } from '@chat-cluster/journal';
import { within } from './within.ts';

/** What a node says when rows are in the journal before which it stood still. */
export const LATE_ROWS_WRITTEN = 'The rows that were late are written.';

const ENTITY_TYPE = 'conversation';
const WAIT_MS = 60_000;

type RowName = Pick<JournalRow, 'entityId' | 'seq'>;
const nameOf = ({ entityId, seq }: RowName): string => `${entityId}/${seq}`;

/** What a node says of the rows that it is about to write. */
export function rowNamesText(rows: readonly RowName[]): string {
  return `rows=${JSON.stringify(rows.map(nameOf))}`;
}

/**
 * The rows that a node is about to write since before it stood still. Their shards' new owner has written them meanwhile, from the event topic, and more; when the node goes on, it writes them
 * over what is there.
 */
export class LateRows {
  readonly #journalAt: string;
  /** Each row of the journal by its name, as it was. */
  readonly #rows: ReadonlyMap<string, string>;

  private constructor(journalAt: string, rows: ReadonlyMap<string, string>) {
    this.#journalAt = journalAt;
    this.#rows = rows;
  }

  /** Resolves when all that it said it would write is in the journal. */
  static async before(journalAt: string, said: string): Promise<LateRows> {
    const names = JSON.parse(/ rows=(\[[^\]]*\])/.exec(said)?.[1] ?? '[]') as string[];
    assert.ok(names.length > 0, `It says which rows it would write.\n${said}`);
    return withJournal(journalAt, async (journal) => {
      let rows = new Map<string, string>();
      await within(WAIT_MS, async () => {
        rows = await rowsOf(journal);
        const missing = names.filter((name) => !rows.has(name));
        return missing.length === 0 ? undefined : `The journal lacks ${missing.join(', ')}.`;
      });
      return new LateRows(journalAt, rows);
    });
  }

  /** Resolves when the node has said that it wrote them. Fails if a row of the journal is another one now, or is gone. */
  async assertNothingChanges(said: () => string): Promise<void> {
    await within(WAIT_MS, async () =>
      said().includes(LATE_ROWS_WRITTEN) ? undefined : `The late rows are not written.\n${said()}`,
    );
    const now = await withJournal(this.#journalAt, rowsOf);
    for (const [name, row] of this.#rows) assert.equal(now.get(name), row, name);
  }
}

async function withJournal<T>(at: string, work: (journal: Journal) => Promise<T>): Promise<T> {
  const address = readJournalAddress(at);
  assert.ok(address);
  const journal = await openJournal(address, { replicationFactor: undefined });
  try {
    return await work(journal);
  } finally {
    await journal.close();
  }
}

async function rowsOf(journal: Journal): Promise<Map<string, string>> {
  const rows = new Map<string, string>();
  for await (const row of journal.scan(ENTITY_TYPE)) {
    const { event, source, timestampMs } = row;
    const text = JSON.stringify({ timestampMs, source, event: Buffer.from(event).toString() });
    assert.ok(!rows.has(nameOf(row)), `${nameOf(row)} is there twice.`);
    rows.set(nameOf(row), text);
  }
  return rows;
}
