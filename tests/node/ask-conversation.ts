import assert from 'node:assert/strict';
import {
  decodeLatestMessagesBlock,
  encodeConversationQuestion,
  instantMessageIn,
} from '@chat-cluster/contract';
import type { Chat, Conversation } from './chat.ts';

/** `including` names the place of the last message that was acknowledged. */
export const waysOfAsking = ['plain', 'current', 'including'] as const;

export type Asking = {
  /** HOST:PORT of any node. */
  readonly endpoint: string;
  readonly way: (typeof waysOfAsking)[number];
  /** That it tells the node. Default: none, so that the node's own counts, 5 s. */
  readonly timeoutMs?: number | undefined;
};

const NUM_MSGS = 10;
const question = Buffer.from(encodeConversationQuestion({ numMsgs: NUM_MSGS })).toString('base64');
const DEADLINE_MS = 5_000;
/** On a machine that is busy with other things an answer may be under way for so long. */
const BUSY_MS = 10_000;

/**
 * Asks for the latest messages, in JSON over HTTP. Resolves with the sentence of a refusal that says that nobody answered in time, or, when it was
 * answered, with undefined. Rejects for any other refusal, when there is no answer by the deadline, and when the answer is not what it has to be.
 */
export async function askConversation(
  chat: Chat,
  conversation: Conversation,
  { endpoint, timeoutMs, way }: Asking,
): Promise<string | undefined> {
  // What has been shown is known by all who answer later; what was acknowledged, by an answer that includes it.
  const { acknowledgedCount, offsetNext, shownCount } = conversation;
  const countMin = way === 'including' ? Math.max(acknowledgedCount, shownCount) : shownCount;
  const position = {
    topic: instantMessageIn.name,
    topicId: chat.topicId,
    partition: conversation.home,
    offsetNext: String(offsetNext),
  };
  const response = await fetch(`http://${endpoint}/chatcluster.engine.v1.EntityService/Ask`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(timeoutMs !== undefined && { 'connect-timeout-ms': String(timeoutMs) }),
    },
    body: JSON.stringify({
      entityType: 'conversation',
      entityId: conversation.key,
      question,
      current: way === 'current',
      ...(way === 'including' && { including: position }),
    }),
    signal: AbortSignal.timeout((timeoutMs ?? DEADLINE_MS) + BUSY_MS),
  });
  const text = await response.text();
  if (response.status === 503) return sentenceOf(text, conversation);
  assert.equal(response.status, 200, text);
  const { answer } = JSON.parse(text) as { readonly answer: Answered };
  judge(answer, conversation, countMin);
  if (way === 'including') assertIncludes(answer, position);
  return undefined;
}

/** As JSON has it: bytes in base64, long numbers as text, and nothing that is empty. */
type Answered = {
  readonly answer: string;
  readonly seqNext?: string;
  readonly positions: readonly { readonly topic: string; readonly offsetNext?: string }[];
};

function sentenceOf(text: string, { key }: Conversation): string {
  const { code, message } = JSON.parse(text) as { readonly code: string; readonly message: string };
  assert.equal(code, 'unavailable', text);
  assert.ok(message.startsWith(`conversation ${key} did not answer within `), text);
  assert.match(message, /: .+ \(\d+ (try|tries)\)\. Ask again later\.$/);
  return message;
}

/** It shows the latest messages, all that are known to be committed, and none that was never sent. */
function judge(
  { answer, seqNext = '0' }: Answered,
  conversation: Conversation,
  countMin: number,
): void {
  const { key, sentCount } = conversation;
  const count = Number(seqNext);
  assert.ok(
    count >= countMin && count <= sentCount,
    `${key} was answered with ${count} events; ${countMin} were known when it was asked, and ${sentCount} were sent.`,
  );
  conversation.shownCount = Math.max(conversation.shownCount, count);
  const block = decodeLatestMessagesBlock(Buffer.from(answer, 'base64'));
  assert.ok(block.ok, 'An answer is a block of messages.');
  const first = Math.max(0, count - NUM_MSGS);
  const latest = Array.from({ length: count - first }, (_, index) => first + index);
  assert.deepEqual(block.value, {
    conversationKey: key,
    requestId: undefined,
    latestChatter: latest.map((number) => ['ann', String(number), number]),
    truncated: false,
  });
}

function assertIncludes(
  { positions }: Answered,
  { topic, offsetNext }: { readonly topic: string; readonly offsetNext: string },
): void {
  const decided = positions.find((position) => position.topic === topic)?.offsetNext ?? '0';
  assert.ok(
    Number(decided) >= Number(offsetNext),
    `What is before ${offsetNext} is in the answer, which tells what is before ${decided}.`,
  );
}
