import {
  allTopics,
  conversationControl,
  conversationEvents,
  conversationQuarantine,
} from '@chat-cluster/contract';
import { conversation } from '@chat-cluster/conversation';
import { startNode, type NodeOptions, type RunningNode } from '@chat-cluster/node';
import { startPageServer, type PageServer } from './page-server.ts';

export type ChatNodeOptions = Omit<
  NodeOptions<never, never, never>,
  'definition' | 'topics' | 'controlTopic' | 'quarantineTopic' | 'eventTopic'
> & {
  readonly httpPort: number;
  readonly pageHtml: string;
};

export type ChatNode = RunningNode & { readonly httpPort: number };

/** A node that runs the conversation's rules, and its page for browsers. Resolves and rejects as startNode does. */
export async function startChatNode(options: ChatNodeOptions): Promise<ChatNode> {
  const page = await startPage(options);
  try {
    const node = await startNode({
      ...options,
      definition: conversation,
      topics: allTopics,
      controlTopic: conversationControl.name,
      eventTopic: conversationEvents.name,
      quarantineTopic: conversationQuarantine.name,
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

async function startPage({ httpPort, journal, pageHtml }: ChatNodeOptions): Promise<PageServer> {
  try {
    return await startPageServer({ port: httpPort, html: pageHtml });
  } catch (error) {
    await journal.close();
    throw error;
  }
}
