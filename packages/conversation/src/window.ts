import type { Chatter } from '@chat-cluster/contract';
import { assert } from '@chat-cluster/kernel';

/** Most messages that a window holds: what nearly every request for the latest messages asks for. */
export const WINDOW_MESSAGES_MAX = 100;

/** Most characters (UTF-16 units) of senders and bodies that it holds: 32 KiB where all are Latin-1, else up to 64. */
export const WINDOW_CHARS_MAX = 32 * 1024;

/** The newest messages of a conversation, ascending by their numbers, without gaps; none if the newest alone is too long. */
export class MessageWindow {
  readonly #messages: Chatter[] = [];
  #chars = 0;

  get count(): number {
    return this.#messages.length;
  }

  /** Of all senders and bodies together. */
  get chars(): number {
    return this.#chars;
  }

  /** Adds the next message, and drops the oldest ones that are beyond the limits now. */
  add(message: Chatter): void {
    const newest = this.#messages.at(-1);
    assert(
      newest === undefined || message[2] === newest[2] + 1,
      'The messages of a window follow each other without gaps.',
    );
    this.#messages.push(message);
    this.#chars += charsOf(message);
    while (this.#messages.length > WINDOW_MESSAGES_MAX || this.#chars > WINDOW_CHARS_MAX) {
      this.#chars -= charsOf(this.#messages.shift()!);
    }
  }

  /** The newest `count` messages, fewer if there are fewer, in a list of their own: it stays as it is when the window goes on. */
  newest(count: number): readonly Chatter[] {
    return this.#messages.slice(Math.max(0, this.#messages.length - count));
  }
}

function charsOf([sender, body]: Chatter): number {
  return sender.length + body.length;
}
