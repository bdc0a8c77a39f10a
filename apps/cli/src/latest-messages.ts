import {
  encodeUtf8,
  type LatestMessagesBlock,
  latestMessagesBlock,
  latestMessagesRequest,
} from '@chat-cluster/contract';
import { homePartition } from '@chat-cluster/log';
import { type ClusterAccess, findTopics } from './cluster-access.ts';
import type { CommandContext } from './command.ts';
import { follow, startsAt } from './follow.ts';
import { randomId } from './random-id.ts';
import { sendRecord } from './send-record.ts';

/**
 * Asks a conversation for its latest messages and waits for the block; undefined when none came in
 * time. `json` is the block as it is in its topic.
 */
export async function askLatest(
  context: CommandContext,
  cluster: ClusterAccess,
  asked: {
    readonly conversationKey: string;
    readonly numMsgs: number;
    readonly timeoutMs: number;
  },
): Promise<{ readonly block: LatestMessagesBlock; readonly json: Uint8Array } | undefined> {
  const { conversationKey, numMsgs, timeoutMs } = asked;
  const { log } = cluster;
  const [requests, blocks] = await findTopics(cluster, [
    latestMessagesRequest.name,
    latestMessagesBlock.name,
  ]);
  const key = encodeUtf8(conversationKey);
  const partition = homePartition(key, blocks!.partitionCount);
  const starts = await startsAt(log, 'latest', [{ ...blocks!, partition }]);
  const requestId = randomId(context.random);
  const value = latestMessagesRequest.encode({ conversationKey, numMsgs, requestId });
  await sendRecord(log, requests!, { key, value });
  return follow(context, {
    log,
    starts,
    timeoutMs,
    visit: (_topic, { value: json }) => {
      const decoded = latestMessagesBlock.decode(json);
      if (!decoded.ok || json === null || decoded.value.requestId !== requestId) return undefined;
      return { block: decoded.value, json: json.slice() };
    },
  });
}
