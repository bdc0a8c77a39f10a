import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { DialogueClient } from './dialogue.ts';

/** Types what the README shows: `echo … | kcat -P -p 0` and `kcat -C -e`. */
export function kcatDialogueClient(brokers: string): DialogueClient {
  return {
    send: async (topic, value) => {
      await kcat(['-P', '-b', brokers, '-t', topic, '-p', '0'], `${value}\n`);
    },
    // -q keeps "Reached end of topic" off the error output, where nobody would read it.
    read: (topic) => kcat(['-C', '-b', brokers, '-t', topic, '-e', '-q'], ''),
  };
}

/** Resolves with what kcat printed; rejects with what it complained about. */
async function kcat(args: readonly string[], input: string): Promise<string> {
  const child = spawn('kcat', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}
