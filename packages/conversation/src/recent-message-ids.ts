import {
  DUPLICATE_WINDOW_ID_BYTES_MAX,
  DUPLICATE_WINDOW_MESSAGES,
  utf8SizeBytes,
} from '@chat-cluster/contract';
import { assert } from '@chat-cluster/kernel';

/** A message that had an id. */
export type RecentMessageId = {
  readonly conversationMsgSeq: number;
  readonly sender: string;
  readonly messageId: string;
};

/**
 * The ids among a conversation's last DUPLICATE_WINDOW_MESSAGES messages, fewer when they pass
 * DUPLICATE_WINDOW_ID_BYTES_MAX together. An id belongs to its sender: two senders may use the
 * same.
 */
export class RecentMessageIds {
  /** Oldest first, behind `#forgottenCount` that are not meant any more. */
  readonly #ids: RecentMessageId[] = [];
  #forgottenCount = 0;
  /** Made with the first id: many conversations never see one. */
  #seqByKey: Map<string, number> | undefined;
  #idBytes = 0;
  #senderChars = 0;

  /** Oldest first. */
  get all(): readonly RecentMessageId[] {
    return this.#ids.slice(this.#forgottenCount);
  }

  /** Estimate of the memory that the ids take. */
  get sizeBytes(): number {
    return this.#ids.length * ID_OVERHEAD_BYTES + 2 * (this.#idBytes + this.#senderChars);
  }

  /**
   * The number of the message that this sender gave this id, undefined if it is not among the
   * recent ones.
   */
  seqOf(sender: string, messageId: string): number | undefined {
    return this.#seqByKey?.get(keyOf(sender, messageId));
  }

  /** Remembers the id of a message that is newer than all before. */
  add(id: RecentMessageId): void {
    this.#ids.push(id);
    this.#seqByKey ??= new Map();
    this.#seqByKey.set(keyOf(id.sender, id.messageId), id.conversationMsgSeq);
    this.#idBytes += utf8SizeBytes(id.messageId);
    this.#senderChars += id.sender.length;
    while (this.#idBytes > DUPLICATE_WINDOW_ID_BYTES_MAX) this.#forgetOldest();
  }

  /** Forgets what is no longer among the last messages, now that there are `messageCount`. */
  forgetBefore(messageCount: number): void {
    const seqOldest = messageCount - DUPLICATE_WINDOW_MESSAGES;
    for (let oldest = this.#oldest; oldest !== undefined; oldest = this.#oldest) {
      if (oldest.conversationMsgSeq >= seqOldest) return;
      this.#forgetOldest();
    }
  }

  get #oldest(): RecentMessageId | undefined {
    return this.#ids[this.#forgottenCount];
  }

  #forgetOldest(): void {
    const oldest = this.#oldest;
    assert(oldest !== undefined, 'Only an id that is remembered can be forgotten.');
    const { conversationMsgSeq, sender, messageId } = oldest;
    this.#forgottenCount += 1;
    // Cut off many at once: to shift a list of a thousand costs more than all else here.
    if (this.#forgottenCount === FORGOTTEN_COUNT_MAX) {
      this.#ids.splice(0, this.#forgottenCount);
      this.#forgottenCount = 0;
    }
    this.#idBytes -= utf8SizeBytes(messageId);
    this.#senderChars -= sender.length;
    const key = keyOf(sender, messageId);
    // The same id may have come again when the limits were smaller than today.
    if (this.#seqByKey?.get(key) === conversationMsgSeq) this.#seqByKey.delete(key);
  }
}

/** The length keeps apart what would look alike once joined. */
function keyOf(sender: string, messageId: string): string {
  return `${sender.length}:${sender}${messageId}`;
}

/** Entries that are kept although they are forgotten: a quarter of those that are not. */
const FORGOTTEN_COUNT_MAX = DUPLICATE_WINDOW_MESSAGES / 4;

/** The entry, its two texts' headers, the joined key's and the map's slot. */
const ID_OVERHEAD_BYTES = 160;
