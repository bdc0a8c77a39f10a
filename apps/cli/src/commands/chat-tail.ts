import { encodeUtf8, instantMessageOut } from '@chat-cluster/contract';
import { printable } from '@chat-cluster/kernel';
import { type FetchedRecord, homePartition } from '@chat-cluster/log';
import { CLUSTER_OPTIONS, findTopics, withCluster } from '../cluster-access.ts';
import type { Command } from '../command.ts';
import { follow, partitionsOf, startsAt } from '../follow.ts';
import { messageLine } from '../message-line.ts';
import { textOf } from '../record-text.ts';

export const chatTail: Command = {
  name: 'chat tail',
  summary: 'follow a conversation, or all of them',
  operands: '[KEY]',
  details: `Messages of one conversation come in their order. Ctrl-C ends it.
With --json each message is printed as it is in its topic.
`,
  options: {
    'from-beginning': { description: 'begin with the oldest message that the topic still has' },
    ...CLUSTER_OPTIONS,
  },
  run: (given, context) => {
    const conversationKey = given.optionalOperand('KEY');
    return withCluster(given, context, async (cluster) => {
      const { log } = cluster;
      const [topic] = await findTopics(cluster, [instantMessageOut.name]);
      const all = partitionsOf(topic!);
      const wanted =
        conversationKey === undefined
          ? all
          : [all[homePartition(encodeUtf8(conversationKey), all.length)]!];
      const at = given.has('from-beginning') ? 'earliest' : 'latest';
      const starts = await startsAt(log, at, wanted);
      const what = conversationKey === undefined ? 'all conversations' : printable(conversationKey);
      context.note(`Following ${what}; Ctrl-C ends it.`);
      const show = (record: FetchedRecord): undefined => {
        const decoded = instantMessageOut.decode(record.value);
        if (!decoded.ok || record.value === null) return;
        const message = decoded.value;
        if (conversationKey !== undefined && message.conversationKey !== conversationKey) return;
        context.print(given.has('json') ? textOf(record.value) : messageLine(message));
      };
      await follow(context, { log, starts, visit: (_topic, record) => show(record) });
    });
  },
};
