import type { Address } from '@chat-cluster/app-chat-node/settings';
import { USER_PROCESSING } from '@chat-cluster/contract/purchases';
import { type NodeOptions, type RunningNode, startNode } from '@chat-cluster/node';
import { askUsersBy } from '../front-end/ask-users.ts';
import { startFrontEnd } from '../front-end/start-front-end.ts';

export type ProcessorOptions = Omit<NodeOptions, 'entityType'> & {
  /** Port 0 for any that is free. */
  readonly frontEnd: Address;
};

export type Processor = RunningNode & { readonly frontEndPort: number };

/**
 * A node that runs the rules of the purchases, and its front end for gRPC clients. Resolves and rejects as startNode does, or rejects with an RpcListenError.
 */
export async function startProcessor(options: ProcessorOptions): Promise<Processor> {
  const { frontEnd: address, ...rest } = options;
  const node = await startNode({ ...rest, entityType: USER_PROCESSING });
  try {
    const frontEnd = await startFrontEnd({
      address,
      ask: askUsersBy(node.router),
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
