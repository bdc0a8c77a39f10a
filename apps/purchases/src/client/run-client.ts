import { createInterface } from 'node:readline';
import type { ClientSettings } from './configuration.ts';
import { holdDialogue } from './dialogue.ts';
import { UserClient } from './user-client.ts';

/** `chatcluster purchases client`: the dialogue on standard input. Resolves when the person has had enough, with an exit code: 1 if a question of a pipe's was not answered. */
export async function runClient(
  settings: ClientSettings,
  says: { readonly print: (line: string) => void; readonly note: (line: string) => void },
): Promise<number> {
  const client = new UserClient(settings);
  const lines = createInterface({ input: process.stdin, terminal: false });
  const failedCount = await holdDialogue({ ...says, lines, ask: (userId) => client.stats(userId) });
  lines.close();
  process.stdin.destroy();
  client.close();
  return failedCount > 0 && !process.stdin.isTTY ? 1 : 0;
}
