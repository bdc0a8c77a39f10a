import type { Client } from 'cassandra-driver';
import { isInvalidQuery, toJournalError } from './cassandra-errors.ts';

/** Twice Cassandra's own default for the period, for nodes that do not tell their settings. */
const DELAY_DEFAULT_MS = 20_000;

const READ_SETTINGS = 'SELECT name, value FROM system_views.settings WHERE name IN ?';

/** Cassandra 4.1 renamed the setting; the older name has milliseconds without a unit. */
const PERIOD_NAMES = ['commitlog_sync_period', 'commitlog_sync_period_in_ms'];

const UNIT_MS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, m: 60_000 };

/**
 * How long after its acknowledgement a write may still be lost to a power failure, by the settings of
 * the node that answers: 0 if it syncs before it acknowledges (`batch`, `group`), twice the period if
 * it does so `periodic`. Writes wait when a sync is later than one and a half periods.
 */
export async function readSettleMs(client: Client): Promise<number> {
  const settings = await readSettings(client);
  const sync = settings.get('commitlog_sync');
  if (sync === 'batch' || sync === 'group') return 0;
  for (const name of PERIOD_NAMES) {
    const match = /^(\d+)(ms|s|m|)$/.exec(settings.get(name) ?? '');
    const unitMs = UNIT_MS[match?.[2] ?? ''];
    if (match && unitMs !== undefined) return 2 * Number(match[1]) * unitMs;
  }
  return DELAY_DEFAULT_MS;
}

async function readSettings(client: Client): Promise<ReadonlyMap<string, string>> {
  try {
    const names = ['commitlog_sync', ...PERIOD_NAMES];
    const result = await client.execute(READ_SETTINGS, [names], { prepare: true });
    const rows = result.rows as unknown as readonly { readonly name: string; value: string }[];
    return new Map(rows.map(({ name, value }) => [name, value]));
  } catch (error) {
    const journalError = toJournalError(error);
    if (isInvalidQuery(journalError)) return new Map();
    throw journalError;
  }
}
