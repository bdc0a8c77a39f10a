import { type Options, readAddresses } from '@chat-cluster/app-chat-node/settings';
import { type Log, LogError, type TopicDescription } from '@chat-cluster/log';
import { type CommandContext, CommandFailure, UsageError } from './command.ts';
import type { Given } from './given.ts';

const BROKERS_DEFAULT = '127.0.0.1:9092';

/** Options of every command that talks to Kafka. */
export const CLUSTER_OPTIONS = {
  brokers: {
    value: 'HOST:PORT,…',
    description: `where Kafka is (CHATCLUSTER_BROKERS or KAFKA_BROKERS in the environment, or ${BROKERS_DEFAULT})`,
  },
  json: { description: 'print JSON lines, for programs' },
} as const satisfies Options;

/** A Kafka cluster as a command uses it. */
export type ClusterAccess = {
  readonly log: Log;
  /** As they were given, for sentences. */
  readonly brokers: string;
};

/** Opens the cluster that a command was told, lets it work, and closes it. */
export async function withCluster(
  given: Given,
  context: CommandContext,
  work: (cluster: ClusterAccess) => Promise<void>,
): Promise<void> {
  const brokers = given.text('brokers') ?? brokersOf(context.env);
  const addresses = readAddresses(brokers);
  if (addresses === undefined) {
    throw new UsageError(
      `The brokers are "${brokers}"; they must be HOST:PORT, several with commas.`,
    );
  }
  const log = await context.openLog(addresses);
  try {
    await work({ log, brokers });
  } catch (error) {
    throw error instanceof LogError ? failureOf(error, brokers) : error;
  } finally {
    await log.close();
  }
}

/** An empty text is as good as nothing. */
function brokersOf(env: CommandContext['env']): string {
  return env['CHATCLUSTER_BROKERS'] || env['KAFKA_BROKERS'] || BROKERS_DEFAULT;
}

/** The topics by these names, in this order. Throws a CommandFailure if one does not exist. */
export async function findTopics(
  { log, brokers }: ClusterAccess,
  names: readonly string[],
): Promise<readonly TopicDescription[]> {
  const found = await log.admin.describeTopics(names);
  return found.map((topic, index) => {
    if (topic !== undefined) return topic;
    throw new CommandFailure(
      `There is no topic ${names[index]} at ${brokers}: start Chat Cluster on it, which creates its topics.`,
    );
  });
}

function failureOf(error: LogError, brokers: string): CommandFailure {
  const sentence =
    error.code === 'unavailable'
      ? `No answer from Kafka at ${brokers}: start Chat Cluster (npm start), or name other brokers with --brokers. (${error.message})`
      : `Kafka at ${brokers} refused: ${error.message}`;
  return new CommandFailure(sentence, { cause: error });
}
