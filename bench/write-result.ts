import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Keeps a result in bench/results, as JSON with its date and as a table, and shows the table. */
export function writeResult(name: string, result: object, table: string): void {
  const dir = join(import.meta.dirname, 'results');
  mkdirSync(dir, { recursive: true });
  const measured = { date: new Date().toISOString().slice(0, 10), ...result };
  writeFileSync(join(dir, `${name}.json`), `${JSON.stringify(measured, null, 2)}\n`);
  writeFileSync(join(dir, `${name}.md`), table);
  process.stdout.write(table);
}
