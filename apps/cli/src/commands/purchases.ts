import { readFileSync } from 'node:fs';
import { didYouMean, type SettingSources } from '@chat-cluster/app-chat-node/settings';
import { type Program, type ProgramContext, WRONG_USAGE } from '../command.ts';

export const purchases: Program = {
  name: 'purchases',
  summary: 'the second application: producer, processor or client of purchases',
  start: async ([role, ...argv], context) => {
    const { print, note, env } = context;
    if (role === '--help' || role === '-h' || role === 'help') {
      print(HELP);
      return 0;
    }
    const run = role !== undefined && Object.hasOwn(ROLES, role) ? ROLES[role] : undefined;
    if (run !== undefined) return run({ argv, env, readFile }, context);
    const names = Object.keys(ROLES);
    note(
      role === undefined
        ? `Say what to run: chatcluster purchases ${names.join(', ')}.`
        : `There is no purchases ${role}${didYouMean(role, names)} Choose from ${names.join(', ')}.`,
    );
    return WRONG_USAGE;
  },
};

type Role = (sources: SettingSources, context: ProgramContext) => Promise<number | 'running'>;

/** Each brings libraries that no other command needs, so that it is loaded when it is called. */
const ROLES: Readonly<Record<string, Role>> = {
  producer: async (sources, says) => {
    const { readProducerConfiguration, runProducer } =
      await import('@chat-cluster/app-purchases/producer');
    const configuration = readProducerConfiguration(sources);
    if (configuration.kind !== 'settings') return tell('producer', configuration, says);
    return runProducer(configuration.settings, says);
  },
  processor: async (sources, says) => {
    const { readProcessorConfiguration, runProcessor } =
      await import('@chat-cluster/app-purchases/processor');
    const configuration = readProcessorConfiguration(sources);
    if (configuration.kind !== 'settings') {
      return tell('processor [NODE_PORT [MANAGEMENT_PORT [FRONT_END_PORT]]]', configuration, says);
    }
    await runProcessor(configuration.settings);
    return 'running';
  },
  client: async (sources, says) => {
    const { readClientConfiguration, runClient } =
      await import('@chat-cluster/app-purchases/client');
    const configuration = readClientConfiguration(sources);
    if (configuration.kind !== 'settings') return tell('client', configuration, says);
    return runClient(configuration.settings, says);
  },
};

/** No settings: the help that was asked for, or what is wrong with them. Returns the exit code. */
function tell(
  usage: string,
  configuration:
    | { readonly kind: 'help'; readonly text: string }
    | { readonly kind: 'problem'; readonly problem: string },
  { print, note }: ProgramContext,
): number {
  if (configuration.kind === 'help') {
    print(`chatcluster purchases ${usage} [options]\n\n${configuration.text}`);
    return 0;
  }
  note(configuration.problem);
  return WRONG_USAGE;
}

const HELP = `chatcluster purchases producer    sends random purchases of the users 0 to 99 to user-events
chatcluster purchases processor   adds up what each user bought; start as many as you like
chatcluster purchases client      asks a processor what a user bought

chatcluster purchases producer --help explains one of them.`;

function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}
