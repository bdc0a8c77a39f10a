import type { Program } from '../command.ts';
import { runConfigured } from '../run-configured.ts';

export const start: Program = {
  name: 'start',
  summary: 'run everything in one process, as npm start does',
  start: async (argv, context) => {
    // It brings the broker and the journal, which no other command needs.
    const { readLocalConfiguration, runLocal } = await import('@chat-cluster/app-local');
    return runConfigured(argv, context, {
      usage: 'chatcluster start [options]',
      read: readLocalConfiguration,
      run: async (settings) => {
        await runLocal(settings);
        return 'running';
      },
    });
  },
};
