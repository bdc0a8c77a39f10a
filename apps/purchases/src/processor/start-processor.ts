import { Code, ConnectError } from '@connectrpc/connect';
import {
  purchasesTopics,
  userProcessingControl,
  userProcessingEvents,
  userProcessingQuarantine,
} from '@chat-cluster/contract/purchases';
import { type NodeOptions, type RunningNode, startNode } from '@chat-cluster/node';
import { startFrontEnd } from '../front-end/start-front-end.ts';
import { toldPurchases } from './told-purchases.ts';

export type ProcessorOptions = Omit<
  NodeOptions<never, never, never>,
  'definition' | 'topics' | 'controlTopic' | 'quarantineTopic' | 'eventTopic' | 'onReply'
> & {
  readonly frontEndPort: number;
  /** Gets a line for each record that is taken, and one for each purchase that has committed. Undefined: nobody does. */
  readonly tell: ((line: string) => void) | undefined;
};

export type Processor = RunningNode & { readonly frontEndPort: number };

/** A node that runs the rules of the purchases, and its front end for gRPC clients. Resolves and rejects as startNode does. */
export async function startProcessor(options: ProcessorOptions): Promise<Processor> {
  const { frontEndPort, tell, ...rest } = options;
  const node = await startNode({
    ...rest,
    ...toldPurchases(tell),
    topics: purchasesTopics,
    controlTopic: userProcessingControl.name,
    eventTopic: userProcessingEvents.name,
    quarantineTopic: userProcessingQuarantine.name,
  });
  try {
    const frontEnd = await startFrontEnd({
      port: frontEndPort,
      // Workers do not answer questions yet.
      ask: () => Promise.reject(new ConnectError(NO_ANSWERS, Code.Unavailable)),
      report: options.report,
    });
    const stop = async (): Promise<void> => {
      await frontEnd.close();
      await node.stop();
    };
    return { ...node, frontEndPort: frontEnd.port, stop };
  } catch (error) {
    await node.stop();
    throw error;
  }
}

const NO_ANSWERS = 'This node does not answer questions about users yet.';
