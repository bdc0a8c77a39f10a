import {
  chatDeadLetter,
  encodeUtf8,
  type InstantMessageIn,
  instantMessageIn,
  type InstantMessageOut,
  instantMessageOut,
} from '@chat-cluster/contract';
import { DEAD_LETTER_HEADERS } from '@chat-cluster/engine/headers';
import { type FetchedRecord, homePartition, type Log } from '@chat-cluster/log';
import { CLUSTER_OPTIONS, type ClusterAccess, findTopics, withCluster } from '../cluster-access.ts';
import { type Command, type CommandContext, CommandFailure, UsageError } from '../command.ts';
import { follow, partitionsOf, type Start, startsAt } from '../follow.ts';
import type { Given } from '../given.ts';
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
message: the command then says which number and text it has.

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
  const { mayBeDuplicate, message, timeoutMs } = sending;
  const { log } = cluster;
  const [inputs, outputs, deadLetters] = await findTopics(cluster, [
    instantMessageIn.name,
    instantMessageOut.name,
    chatDeadLetter.name,
  ]);
  const key = encodeUtf8(message.conversationKey);
  const home = { ...outputs!, partition: homePartition(key, outputs!.partitionCount) };
  const [end, ...others] = await startsAt(log, 'latest', [home, ...partitionsOf(deadLetters!)]);
  const start = mayBeDuplicate ? await lookBack(log, end!) : end!;
  const sent = await sendRecord(log, inputs!, { key, value: instantMessageIn.encode(message) });
  const deadlineMs = context.clock.monotonicMs() + timeoutMs;
  const wait = (ms: number): Promise<Found> =>
    waitForOutcome(context, cluster, {
      message,
      sent,
      starts: [start, ...others],
      endBefore: end!.offset,
      timeoutMs: ms,
    });
  const leftMs = (): number => Math.max(0, deadlineMs - context.clock.monotonicMs());
  const soon = mayBeDuplicate ? await wait(Math.min(DUPLICATE_AFTER_MS, timeoutMs)) : {};
  const early = soon.now ?? soon.before;
  if (early !== undefined) return early;
  const late = await wait(leftMs());
  const outcome = late.now ?? late.before;
  if (outcome !== undefined) return outcome;
  throw new CommandFailure(
    `The message is in ${sent.topic} (partition ${sent.partition}, offset ${sent.offset}), and no answer came within ${timeoutMs / 1_000} s: a node takes it as soon as one runs. Look with: chatcluster chat latest ${message.conversationKey}`,
  );
}

/** A duplicate has no output: when none came for this long, what was found of the first one is told. */
const DUPLICATE_AFTER_MS = 1_500;

/** How far back the first one is looked for: that many records of its partition. */
const LOOK_BACK_RECORDS = 50_000;

async function lookBack(log: Log, end: Start): Promise<Start> {
  const [earliest] = await startsAt(log, 'earliest', [end]);
  return { ...end, offset: Math.max(earliest!.offset, end.offset - LOOK_BACK_RECORDS) };
}

/** What came of the message: by now, or of the last one with its id that was sent before. */
type Found = { readonly now?: Outcome; readonly before?: Outcome };

async function waitForOutcome(
  context: CommandContext,
  { log }: ClusterAccess,
  waiting: {
    readonly message: InstantMessageIn;
    readonly sent: SentRecord;
    readonly starts: readonly Start[];
    /** Outputs below this offset were there before the message was sent. */
    readonly endBefore: number;
    readonly timeoutMs: number;
  },
): Promise<Found> {
  const { endBefore, message, sent, starts, timeoutMs } = waiting;
  let before: Outcome | undefined;
  const now = await follow(context, {
    log,
    starts,
    timeoutMs,
    visit: (topic, record) => {
      if (topic !== instantMessageOut.name) {
        if (isDeadLetterOf(record, sent)) throw refusal(record);
        return undefined;
      }
      const numbered = numberedIn(record, message);
      if (numbered === undefined) return undefined;
      if (record.offset >= endBefore) {
        return { line: messageLine(numbered), json: textOf(record.value!) };
      }
      before = sentBefore(numbered);
      return undefined;
    },
  });
  return { ...(now && { now }), ...(before && { before }) };
}

/** The output in a record, if it is that of this message, or of one with the same id. */
function numberedIn(
  record: FetchedRecord,
  message: InstantMessageIn,
): InstantMessageOut | undefined {
  const decoded = instantMessageOut.decode(record.value);
  if (!decoded.ok) return undefined;
  const { conversationKey, sender, messageId } = decoded.value;
  const isIt =
    conversationKey === message.conversationKey &&
    sender === message.sender &&
    messageId === message.messageId;
  return isIt ? decoded.value : undefined;
}

function sentBefore(first: InstantMessageOut): Outcome {
  const { body, conversationKey, conversationMsgSeq, sender } = first;
  return {
    line: `${messageLine(first)} (sent before)`,
    json: JSON.stringify({ conversationKey, sender, conversationMsgSeq, body, duplicate: true }),
  };
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
