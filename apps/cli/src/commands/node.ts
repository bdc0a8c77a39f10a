import type { Program } from '../command.ts';
import { runConfigured } from '../run-configured.ts';

export const node: Program = {
  name: 'node',
  summary: 'run one chat node of a cluster',
  start: async (argv, context) => {
    // It brings the engine and its drivers, which no other command needs.
    const { readNodeConfiguration, runNode } = await import('@chat-cluster/app-chat-node');
    return runConfigured(argv, context, {
      usage: 'chatcluster node --journal WHERE [options]',
      read: readNodeConfiguration,
      run: async (settings) => {
        await runNode(settings);
        return 'running';
      },
    });
  },
};
