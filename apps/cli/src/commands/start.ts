import { readFileSync } from 'node:fs';
import { unreachable } from '@chat-cluster/kernel';
import { type Program, WRONG_USAGE } from '../command.ts';

export const start: Program = {
  name: 'start',
  summary: 'run everything in one process, as npm start does',
  start: async (argv, { env, print, note }) => {
    // It brings the broker and the journal, which no other command needs.
    const { readLocalConfiguration, runLocal } = await import('@chat-cluster/app-local');
    const configuration = readLocalConfiguration({ argv, env, readFile });
    switch (configuration.kind) {
      case 'help':
        print(`chatcluster start [options]\n\n${configuration.text}`);
        return 0;
      case 'problem':
        note(configuration.problem);
        return WRONG_USAGE;
      case 'settings':
        await runLocal(configuration.settings);
        return 'running';
      default:
        return unreachable(configuration, 'Configuration');
    }
  },
};

function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}
