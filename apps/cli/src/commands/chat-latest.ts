import { latestMessagesRequest, NUM_MSGS_MAX } from '@chat-cluster/contract';
import { printable } from '@chat-cluster/kernel';
import { CLUSTER_OPTIONS, withCluster } from '../cluster-access.ts';
import { type Command, CommandFailure, UsageError } from '../command.ts';
import { askLatest } from '../latest-messages.ts';
import { messageLine } from '../message-line.ts';
import { textOf } from '../record-text.ts';
import { TIMEOUT_OPTION, timeoutMsOf } from '../timeout-option.ts';

const NUM_MSGS_DEFAULT = 20;

export const chatLatest: Command = {
  name: 'chat latest',
  summary: 'show the latest messages of a conversation',
  operands: 'KEY',
  details: `With --json the answer is printed as it is in its topic, on one line.

  chatcluster chat latest abc123 -n 100
`,
  options: {
    number: {
      short: 'n',
      value: 'N',
      description: `how many, 1 to ${NUM_MSGS_MAX} (${NUM_MSGS_DEFAULT})`,
    },
    ...TIMEOUT_OPTION,
    ...CLUSTER_OPTIONS,
  },
  run: (given, context) => {
    const [conversationKey] = given.operands('KEY');
    const numMsgs = given.number('number', {
      min: 1,
      max: NUM_MSGS_MAX,
      otherwise: NUM_MSGS_DEFAULT,
    });
    const timeoutMs = timeoutMsOf(given);
    const value = latestMessagesRequest.encode({ conversationKey, numMsgs });
    const checked = latestMessagesRequest.decode(value);
    if (!checked.ok) throw new UsageError(checked.reason);
    return withCluster(given, context, async (cluster) => {
      const answer = await askLatest(context, cluster, { conversationKey, numMsgs, timeoutMs });
      if (answer === undefined) {
        throw new CommandFailure(
          `No answer came within ${timeoutMs / 1_000} s: see that a node runs, or wait for longer with --timeout.`,
        );
      }
      const { block, json } = answer;
      if (given.has('json')) return context.print(textOf(json));
      for (const [sender, body, conversationMsgSeq] of block.latestChatter) {
        context.print(messageLine({ conversationKey, conversationMsgSeq, sender, body }));
      }
      if (block.truncated) context.note('Older ones did not fit into the answer.');
      if (block.latestChatter.length === 0) {
        context.note(`Nobody has written in ${printable(conversationKey)} yet.`);
      }
    });
  },
};
