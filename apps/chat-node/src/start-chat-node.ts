import { conversation } from '@chat-cluster/conversation';
import { type NodeOptions, type RunningNode, startNode, startWorker } from '@chat-cluster/node';
import { chatWorker, type ChatWorkerOptions } from './chat-worker.ts';
import { startPageServer } from './page-server.ts';

export type ChatNodeOptions = Pick<NodeOptions, 'endpoint' | 'management' | 'report'> & {
  /** One worker, in this process; or some, each in a process of its own that runs with these settings. */
  readonly workers:
    | { readonly kind: 'here'; readonly options: ChatWorkerOptions }
    | { readonly kind: 'processes'; readonly count: number; readonly settings: unknown };
  readonly httpPort: number;
  readonly pageHtml: string;
};

export type ChatNode = RunningNode & { readonly httpPort: number };

/** A node that runs the conversation's rules, and its page for browsers. Resolves and rejects as startNode does. */
export async function startChatNode(options: ChatNodeOptions): Promise<ChatNode> {
  const { httpPort, pageHtml, workers, ...rest } = options;
  const page = await startPageServer({ port: httpPort, html: pageHtml });
  try {
    const node = await startNode({
      ...rest,
      entityType: conversation.type,
      workers:
        workers.kind === 'here'
          ? {
              kind: 'here',
              start: (endpoint) => startWorker(chatWorker(workers.options), endpoint),
            }
          : { ...workers, module: new URL('worker-process.ts', import.meta.url) },
    });
    const stop = async (): Promise<void> => {
      await node.stop();
      await page.close();
    };
    return { ...node, httpPort: page.port, stop };
  } catch (error) {
    await page.close();
    throw error;
  }
}
