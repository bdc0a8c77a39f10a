import { didYouMean } from '@chat-cluster/app-chat-node/settings';
import { type Program, WRONG_USAGE } from '../command.ts';
import { runConfigured } from '../run-configured.ts';

export const purchases: Program = {
  name: 'purchases',
  summary: 'the second application: producer, processor or client of purchases',
  start: async ([role, ...argv], context) => {
    const { print, note } = context;
    if (role === '--help' || role === '-h' || role === 'help') {
      print(HELP);
      return 0;
    }
    const run = role !== undefined && Object.hasOwn(ROLES, role) ? ROLES[role] : undefined;
    if (run !== undefined) return run(argv, context);
    const names = Object.keys(ROLES);
    note(
      role === undefined
        ? `Say what to run: chatcluster purchases ${names.join(', ')}.`
        : `There is no purchases ${role}${didYouMean(role, names)} Choose from ${names.join(', ')}.`,
    );
    return WRONG_USAGE;
  },
};

type Role = Program['start'];

/** Each brings libraries that no other command needs, so that it is loaded when it is called. */
const ROLES: Readonly<Record<string, Role>> = {
  producer: async (argv, context) => {
    const { readProducerConfiguration, runProducer } =
      await import('@chat-cluster/app-purchases/producer');
    return runConfigured(argv, context, {
      usage: 'chatcluster purchases producer [options]',
      read: readProducerConfiguration,
      run: (settings) => runProducer(settings, context),
    });
  },
  processor: async (argv, context) => {
    const { readProcessorConfiguration, runProcessor } =
      await import('@chat-cluster/app-purchases/processor');
    return runConfigured(argv, context, {
      usage:
        'chatcluster purchases processor [NODE_PORT [MANAGEMENT_PORT [FRONT_END_PORT]]] [options]',
      read: readProcessorConfiguration,
      run: async (settings) => {
        await runProcessor(settings);
        return 'running';
      },
    });
  },
  client: async (argv, context) => {
    const { readClientConfiguration, runClient } =
      await import('@chat-cluster/app-purchases/client');
    return runConfigured(argv, context, {
      usage: 'chatcluster purchases client [options]',
      read: readClientConfiguration,
      run: (settings) => runClient(settings, context),
    });
  },
};

const HELP = `chatcluster purchases producer    sends random purchases of the users 0 to 99 to user-events
chatcluster purchases processor   adds up what each user bought; start as many as you like
chatcluster purchases client      asks a processor what a user bought

chatcluster purchases producer --help explains one of them.`;
