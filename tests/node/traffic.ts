import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../crash/within.ts';
import { askConversation, waysOfAsking } from './ask-conversation.ts';
import type { Chat, Conversation } from './chat.ts';
import type { Watches } from './watches.ts';

export type TrafficOptions = {
  readonly chat: Chat;
  /** Where it is asked, in turns. */
  readonly endpoints: readonly string[];
  /** What askers tell the node; default: nothing. */
  readonly timeoutMs?: number | undefined;
  /** They are looked after meanwhile. */
  readonly watches: readonly Watches[];
};

export type TrafficCounts = {
  readonly answeredCount: number;
  /** What those were told whom nobody answered in time. */
  readonly refusals: readonly string[];
};

const ASKERS = 4;
/** Enough is going on; the more, the longer a node takes to start on a machine of two cores. */
const PAUSE_MS = 40;
/** Messages of each conversation that are sent and shown before and after. */
const ROUNDS = 5;
const FLOW_WAIT_MS = 60_000;

/**
 * Speaks in all conversations and asks them, in every way, before something goes on, meanwhile, and after it. Rejects at once when a question is answered wrong or not at all, a message cannot
 * be sent, or a watch ends.
 */
export async function underTraffic(
  { chat, endpoints, timeoutMs, watches }: TrafficOptions,
  during: () => Promise<void>,
): Promise<TrafficCounts> {
  const over = new AbortController();
  const counts = { answeredCount: 0, refusals: [] as string[] };
  const { conversations } = chat;
  const speak = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await Promise.all(conversations.map((conversation) => chat.say(conversation)));
      await delay(PAUSE_MS);
    }
  };
  const ask = async (asker: number): Promise<void> => {
    for (let turn = asker; !over.signal.aborted; turn += ASKERS) {
      const conversation = conversations[turn % conversations.length];
      // So that each conversation is asked in all ways, at all endpoints.
      const round = Math.floor(turn / conversations.length);
      const way = waysOfAsking[round % waysOfAsking.length];
      const endpoint = endpoints[Math.floor(round / waysOfAsking.length) % endpoints.length];
      assert.ok(conversation && endpoint && way, 'There is always a next one.');
      const refusal = await askConversation(chat, conversation, { endpoint, way, timeoutMs });
      if (refusal === undefined) counts.answeredCount += 1;
      else counts.refusals.push(refusal);
      await delay(PAUSE_MS);
    }
  };
  const watching = Promise.race(watches.map(({ ended }) => ended));
  const flows = async (): Promise<void> => {
    const { answeredCount } = counts;
    await untilShown(conversations, ROUNDS);
    const untilAnswered = answeredCount + ASKERS * waysOfAsking.length * endpoints.length;
    await within(FLOW_WAIT_MS, () => {
      const missing = `${untilAnswered - counts.answeredCount} more questions are answered.`;
      return Promise.resolve(counts.answeredCount < untilAnswered ? missing : undefined);
    });
  };
  const flowsAllTheWhile = async (): Promise<void> => {
    await flows();
    await during();
    await flows();
  };
  const doing = flowsAllTheWhile().finally(() => over.abort());
  try {
    const asking = Array.from({ length: ASKERS }, (_, asker) => ask(asker));
    await Promise.all([speak(), ...asking, doing, Promise.race([doing, watching])]);
  } finally {
    over.abort();
  }
  return counts;
}

/** Resolves when so many messages of each conversation that are not sent yet have been shown. */
async function untilShown(conversations: readonly Conversation[], count: number): Promise<void> {
  const sentBefore = conversations.map(({ sentCount }) => sentCount);
  await within(FLOW_WAIT_MS, () => {
    const missing = conversations.filter(
      ({ shownCount }, index) => shownCount < (sentBefore[index] ?? 0) + count,
    );
    const keys = missing.map(({ key }) => key).join();
    return Promise.resolve(missing.length > 0 ? `${keys} go on.` : undefined);
  });
}
