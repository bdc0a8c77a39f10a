import type { Program } from '../command.ts';
import { runConfigured } from '../run-configured.ts';

export const broker: Program = {
  name: 'broker',
  summary: 'run the Kafka broker by itself',
  start: async (argv, context) => {
    // No other command needs it.
    const { readBrokerConfiguration, runBroker } = await import('@chat-cluster/app-broker');
    return runConfigured(argv, context, {
      usage: 'chatcluster broker [options]',
      read: readBrokerConfiguration,
      run: async (settings) => {
        await runBroker(settings);
        return 'running';
      },
    });
  },
};
