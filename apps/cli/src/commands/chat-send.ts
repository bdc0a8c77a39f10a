import {
  chatDeadLetter,
  DEAD_LETTER_HEADERS,
  encodeUtf8,
  type InstantMessageIn,
  instantMessageIn,
  instantMessageOut,
  NUM_MSGS_MAX,
} from '@chat-cluster/contract';
import { type FetchedRecord, homePartition } from '@chat-cluster/log';
import { CLUSTER_OPTIONS, type ClusterAccess, findTopics, withCluster } from '../cluster-access.ts';
import { type Command, type CommandContext, CommandFailure, UsageError } from '../command.ts';
import { follow, partitionsOf, type Start, startsAt } from '../follow.ts';
import type { Given } from '../given.ts';
import { askLatest } from '../latest-messages.ts';
import { messageLine } from '../message-line.ts';
import { randomId } from '../random-id.ts';
import { headerText, textOf } from '../record-text.ts';
import { type SentRecord, sendRecord } from '../send-record.ts';
import { TIMEOUT_OPTION, timeoutMsOf } from '../timeout-option.ts';

export const chatSend: Command = {
  name: 'chat send',
  summary: 'send a message, and wait for its number',
  operands: 'KEY BODY',
  details: `KEY names the conversation; it begins with its first message.
A message that is sent again with the same --from and --message-id, soon enough, is not a second
message: the command then says which number it has.

  chatcluster chat send abc123 --from bob --to ann "Hi there!"
`,
  options: {
    from: { value: 'SENDER', description: 'who sends it' },
    to: {
      value: 'RECIPIENT',
      description: 'who gets it; several times for several, or not at all',
    },
    'message-id': { value: 'ID', description: 'your own id of the message' },
    ...TIMEOUT_OPTION,
    ...CLUSTER_OPTIONS,
  },
  run: (given, context) => {
    const message = messageOf(given, context);
    return withCluster(given, context, async (cluster) => {
      const outcome = await sendAndWait(context, cluster, {
        message,
        timeoutMs: timeoutMsOf(given),
        mayBeDuplicate: given.has('message-id'),
      });
      context.print(given.has('json') ? outcome.json : outcome.line);
    });
  },
};

function messageOf(given: Given, context: CommandContext): InstantMessageIn {
  const [conversationKey, body] = given.operands('KEY', 'BODY');
  const message = {
    conversationKey,
    sender: given.required('from'),
    recipients: given.texts('to'),
    body,
    messageId: given.text('message-id') ?? randomId(context.random),
  };
  const checked = instantMessageIn.decode(instantMessageIn.encode(message));
  if (!checked.ok) throw new UsageError(checked.reason);
  return message;
}

type Outcome = { readonly line: string; readonly json: string };

type Sending = {
  readonly message: InstantMessageIn;
  readonly timeoutMs: number;
  readonly mayBeDuplicate: boolean;
};

async function sendAndWait(
  context: CommandContext,
  cluster: ClusterAccess,
  sending: Sending,
): Promise<Outcome> {
  const { message, timeoutMs } = sending;
  const { log } = cluster;
  const [inputs, outputs, deadLetters] = await findTopics(cluster, [
    instantMessageIn.name,
    instantMessageOut.name,
    chatDeadLetter.name,
  ]);
  const key = encodeUtf8(message.conversationKey);
  const home = { ...outputs!, partition: homePartition(key, outputs!.partitionCount) };
  const starts = await startsAt(log, 'latest', [home, ...partitionsOf(deadLetters!)]);
  const sent = await sendRecord(log, inputs!, { key, value: instantMessageIn.encode(message) });
  const deadlineMs = context.clock.monotonicMs() + timeoutMs;
  const wait = (ms: number): Promise<Outcome | undefined> =>
    waitForOutcome(context, cluster, { message, sent, starts, timeoutMs: ms });
  const leftMs = (): number => Math.max(0, deadlineMs - context.clock.monotonicMs());
  let outcome: Outcome | undefined;
  if (sending.mayBeDuplicate) {
    outcome =
      (await wait(Math.min(DUPLICATE_AFTER_MS, timeoutMs))) ??
      (await askForDuplicate(context, cluster, { message, timeoutMs: leftMs() }));
  }
  outcome ??= await wait(leftMs());
  if (outcome !== undefined) return outcome;
  throw new CommandFailure(
    `The message is in ${sent.topic} (partition ${sent.partition}, offset ${sent.offset}), and no answer came within ${timeoutMs / 1_000} s: a node takes it as soon as one runs. Look with: chatcluster chat latest ${message.conversationKey}`,
  );
}

/** A duplicate has no output: when none came for this long, it is asked for. */
const DUPLICATE_AFTER_MS = 1_500;

function waitForOutcome(
  context: CommandContext,
  { log }: ClusterAccess,
  waiting: {
    readonly message: InstantMessageIn;
    readonly sent: SentRecord;
    readonly starts: readonly Start[];
    readonly timeoutMs: number;
  },
): Promise<Outcome | undefined> {
  const { message, sent, starts, timeoutMs } = waiting;
  return follow(context, {
    log,
    starts,
    timeoutMs,
    visit: (topic, record) => {
      if (topic === instantMessageOut.name) return numbered(record, message);
      if (isDeadLetterOf(record, sent)) throw refusal(record);
      return undefined;
    },
  });
}

function numbered(record: FetchedRecord, message: InstantMessageIn): Outcome | undefined {
  const decoded = instantMessageOut.decode(record.value);
  if (!decoded.ok || record.value === null) return undefined;
  const { conversationKey, sender, messageId } = decoded.value;
  const isIt =
    conversationKey === message.conversationKey &&
    sender === message.sender &&
    messageId === message.messageId;
  return isIt ? { line: messageLine(decoded.value), json: textOf(record.value) } : undefined;
}

function isDeadLetterOf(record: FetchedRecord, sent: SentRecord): boolean {
  return (
    headerText(record, DEAD_LETTER_HEADERS.topicId) === sent.topicId &&
    headerText(record, DEAD_LETTER_HEADERS.partition) === String(sent.partition) &&
    headerText(record, DEAD_LETTER_HEADERS.offset) === String(sent.offset)
  );
}

function refusal(record: FetchedRecord): CommandFailure {
  const reason = headerText(record, DEAD_LETTER_HEADERS.reason) ?? 'no reason is given';
  return new CommandFailure(`The message was refused: ${reason}`);
}

/** The latest messages do not show their ids: one of the same sender and text is taken for it. */
async function askForDuplicate(
  context: CommandContext,
  cluster: ClusterAccess,
  { message, timeoutMs }: { readonly message: InstantMessageIn; readonly timeoutMs: number },
): Promise<Outcome | undefined> {
  const { conversationKey, sender, body } = message;
  const answer = await askLatest(context, cluster, {
    conversationKey,
    numMsgs: NUM_MSGS_MAX,
    timeoutMs,
  });
  const found = answer?.block.latestChatter.findLast(
    ([someone, text]) => someone === sender && text === body,
  );
  if (found === undefined) return undefined;
  const numberedMessage = { conversationKey, sender, conversationMsgSeq: found[2], body };
  return {
    line: `${messageLine(numberedMessage)} (sent before)`,
    json: JSON.stringify({ ...numberedMessage, duplicate: true }),
  };
}
