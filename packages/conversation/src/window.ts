import type { Chatter } from '@chat-cluster/contract';
import { assert } from '@chat-cluster/kernel';

/**
 * Most messages that a window holds: what nearly every request for the latest messages asks for.
 */
export const WINDOW_MESSAGES_MAX = 100;

/**
 * Most characters (UTF-16 units) of senders and bodies that it holds: 32 KiB where all are Latin-1,
 * else up to 64.
 */
export const WINDOW_CHARS_MAX = 32 * 1024;

/**
 * The newest messages of a conversation, ascending by their numbers, without gaps; none if the
 * newest alone is too long. A ring: shifting a list costs half of what a message may
 * (conversation.bench.ts).
 */
export class MessageWindow {
  /** Grows to WINDOW_MESSAGES_MAX slots, then they are used again. */
  readonly #slots: (Chatter | undefined)[] = [];
  /** The slot of the oldest message. */
  #first = 0;
  #count = 0;
  #chars = 0;

  get count(): number {
    return this.#count;
  }

  /** Of all senders and bodies together. */
  get chars(): number {
    return this.#chars;
  }

  /** Adds the next message, and drops the oldest ones that are beyond the limits now. */
  add(message: Chatter): void {
    const newest = this.#count === 0 ? undefined : this.#at(this.#count - 1);
    assert(
      newest === undefined || message[2] === newest[2] + 1,
      'The messages of a window follow each other without gaps.',
    );
    if (this.#count === WINDOW_MESSAGES_MAX) this.#dropOldest();
    this.#slots[(this.#first + this.#count) % WINDOW_MESSAGES_MAX] = message;
    this.#count += 1;
    this.#chars += charsOf(message);
    while (this.#chars > WINDOW_CHARS_MAX) this.#dropOldest();
  }

  /**
   * The newest `count` messages, fewer if there are fewer, in a list of their own: it stays as it
   * is when the window goes on.
   */
  newest(count: number): readonly Chatter[] {
    const length = Math.min(count, this.#count);
    return Array.from({ length }, (_, index) => this.#at(this.#count - length + index));
  }

  /** The message at this place, counted from the oldest. */
  #at(index: number): Chatter {
    const message = this.#slots[(this.#first + index) % WINDOW_MESSAGES_MAX];
    assert(message !== undefined, 'A window has a message at each place that it counts.');
    return message;
  }

  #dropOldest(): void {
    this.#chars -= charsOf(this.#at(0));
    this.#slots[this.#first] = undefined; // or it could not be collected
    this.#first = (this.#first + 1) % WINDOW_MESSAGES_MAX;
    this.#count -= 1;
  }
}

function charsOf([sender, body]: Chatter): number {
  return sender.length + body.length;
}
