import type { API } from '@platformatic/kafka';
import type { AdapterContext } from '../adapter-context.ts';
import type { BrokerConnections } from '../connections/broker-connections.ts';
import type { Cluster, CoordinatorKind } from '../connections/cluster.ts';
import { kafkaError, logErrorOf } from '../connections/kafka-errors.ts';
import { isPassing, retryPassing } from '../connections/retry-passing.ts';

/** What the parts of the admin share. */
export type AdminParts = {
  readonly context: AdapterContext;
  readonly cluster: Cluster;
  readonly connections: BrokerConnections;
};

/**
 * Asks a coordinator, following it when it moves, until the time-out. `codesOf` says which error codes an answer holds;
 * the first one that is not in `accepted` fails the call.
 *
 * @throws LogError
 */
export function askCoordinator<Arguments extends unknown[], Answer>(
  { context, cluster, connections }: AdminParts,
  request: {
    readonly kind: CoordinatorKind;
    readonly key: string;
    readonly api: API<Arguments, Answer>;
    readonly args: Arguments;
    readonly codesOf: (answer: Answer) => readonly number[];
    readonly accepted?: readonly number[];
    /** For messages, as in "Committing offsets". */
    readonly what: string;
  },
): Promise<Answer> {
  const { kind, key, api, args, codesOf, accepted = [], what } = request;
  return retryPassing(async () => {
    const node = await cluster.coordinatorOf(kind, key);
    try {
      const connection = await connections.get(node);
      const answer = await connection.call(api, ...args);
      const errorCode = codesOf(answer).find(
        (code) => code !== kafkaError.none && !accepted.includes(code),
      );
      if (errorCode === undefined) return answer;
      throw logErrorOf(errorCode, what);
    } catch (error) {
      if (isPassing(error)) cluster.forgetCoordinator(kind, key); // it may have moved
      throw error;
    }
  }, context);
}
