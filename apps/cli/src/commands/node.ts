import { readFileSync } from 'node:fs';
import { unreachable } from '@chat-cluster/kernel';
import { type Program, WRONG_USAGE } from '../command.ts';

export const node: Program = {
  name: 'node',
  summary: 'run one chat node of a cluster',
  start: async (argv, { env, print, note }) => {
    // It brings the engine and its drivers, which no other command needs.
    const { readNodeConfiguration, runNode } = await import('@chat-cluster/app-chat-node');
    const configuration = readNodeConfiguration({ argv, env, readFile });
    switch (configuration.kind) {
      case 'help':
        print(`chatcluster node --journal WHERE [options]\n\n${configuration.text}`);
        return 0;
      case 'problem':
        note(configuration.problem);
        return WRONG_USAGE;
      case 'settings':
        await runNode(configuration.settings);
        return 'running';
      default:
        return unreachable(configuration, 'Configuration');
    }
  },
};

function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}
