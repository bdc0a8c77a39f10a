import assert from 'node:assert/strict';
import { within } from '../crash/within.ts';
import type { Conversation } from './chat.ts';
import { watchEvents } from './watch-events.ts';

type Watched = {
  readonly conversation: Conversation;
  readonly seqFrom: number;
  readonly seqs: number[];
};

/** Until what was sent has been seen. */
const SEEN_WAIT_MS = 60_000;

/** Watches of conversations; each keeps what it is given. */
export class Watches implements AsyncDisposable {
  /** Never resolves before the end; rejects when a node ends a watch. */
  readonly ended: Promise<void>;
  readonly #ending = new AbortController();
  readonly #watched: readonly Watched[];

  /**
   * @param endpoints where to watch: when the connection to one breaks, at the next one, from where it was
   * @param seqFrom the first event that is wanted; default: of all
   */
  constructor(
    endpoints: readonly string[],
    conversations: readonly Conversation[],
    seqFrom: (conversation: Conversation) => number = () => 0,
  ) {
    this.#watched = conversations.map((conversation) => ({
      conversation,
      seqFrom: seqFrom(conversation),
      seqs: [],
    }));
    this.ended = this.#followAll(endpoints);
    this.ended.catch(() => undefined); // whoever uses them looks at it
  }

  /** Resolves when all that was acknowledged has been seen, each event once, in order; nothing may be sent meanwhile. */
  async untilAllSeen(): Promise<void> {
    await Promise.race([
      this.ended,
      within(SEEN_WAIT_MS, () => {
        const missing = this.#watched
          .map((each) => ({ name: each.conversation.key, count: missingIn(each) }))
          .filter(({ count }) => count > 0);
        return Promise.resolve(missing.length === 0 ? undefined : JSON.stringify(missing));
      }),
    ]);
    for (const { conversation, seqFrom, seqs } of this.#watched) {
      const count = conversation.acknowledgedCount - seqFrom;
      const expected = Array.from({ length: count }, (_, index) => seqFrom + index);
      assert.deepEqual(seqs, expected, conversation.key);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.ended.catch(() => undefined);
  }

  async #followAll(endpoints: readonly string[]): Promise<void> {
    await Promise.all(this.#watched.map((each) => this.#follow(endpoints, each)));
  }

  async #follow(
    [endpoint = assert.fail('There is one more.'), ...others]: readonly string[],
    watched: Watched,
  ): Promise<void> {
    const { conversation, seqFrom, seqs } = watched;
    const from = seqFrom + seqs.length;
    const asked = { entityType: 'conversation', entityId: conversation.key, seqFrom: from };
    try {
      for await (const seq of watchEvents(endpoint, asked, this.#ending.signal)) {
        seqs.push(seq);
        conversation.shownCount = Math.max(conversation.shownCount, seq + 1);
      }
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      const isBroken = error instanceof TypeError;
      if (!isBroken || others.length === 0) throw error;
    }
    await this.#follow(others, watched);
  }
}

function missingIn({ conversation, seqFrom, seqs }: Watched): number {
  return conversation.acknowledgedCount - seqFrom - seqs.length;
}
