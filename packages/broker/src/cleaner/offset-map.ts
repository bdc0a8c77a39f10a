import { hash } from 'node:crypto';
import { assert } from '@chat-cluster/kernel';

/** A key is known by the first 16 bytes of its SHA-256: nobody can make two keys that look alike. */
const WORDS_PER_KEY = 4;
/** A key takes 16 bytes, its offset 8. */
export const MAP_ENTRY_BYTES = 24;
/** Fuller than this, looking up takes long. */
const LOAD_MAX = 0.75;

/**
 * The last offset of each key, in a memory that is set from the start: an open hash table over typed arrays. Takes about
 * 44,000 keys for each MiB.
 */
export class OffsetMap {
  readonly #slotsCount: number;
  readonly #keys: Uint32Array;
  /** The offset and one: 0 is a free slot. */
  readonly #offsets: Float64Array;
  #count = 0;

  constructor({ bytesMax }: { bytesMax: number }) {
    this.#slotsCount = Math.floor(bytesMax / MAP_ENTRY_BYTES);
    assert(this.#slotsCount > 0, 'An offset map has room for a key.');
    this.#keys = new Uint32Array(this.#slotsCount * WORDS_PER_KEY);
    this.#offsets = new Float64Array(this.#slotsCount);
  }

  /** Takes note that `key` is at `offset`, which is above all before it. False: the map is full, and knows nothing of it. */
  put(key: Buffer, offset: number): boolean {
    const words = wordsOf(key);
    const slot = this.#slotOf(words);
    if (this.#offsets[slot] === 0) {
      if (this.#count >= this.#slotsCount * LOAD_MAX) return false;
      this.#count++;
      this.#keys.set(words, slot * WORDS_PER_KEY);
    }
    this.#offsets[slot] = offset + 1;
    return true;
  }

  /** The last offset of the key, or -1. */
  get(key: Buffer): number {
    return this.#offsetAt(this.#slotOf(wordsOf(key))) - 1;
  }

  /** The slot of a key, or the free one that it would get. */
  #slotOf(words: Uint32Array): number {
    let slot = (words[0] as number) % this.#slotsCount;
    while (this.#offsetAt(slot) !== 0 && !this.#isKeyAt(slot, words)) {
      slot = slot + 1 === this.#slotsCount ? 0 : slot + 1;
    }
    return slot;
  }

  #isKeyAt(slot: number, words: Uint32Array): boolean {
    const at = slot * WORDS_PER_KEY;
    return words.every((word, index) => this.#keys[at + index] === word);
  }

  #offsetAt(slot: number): number {
    return this.#offsets[slot] as number; // every caller stays below #slotsCount
  }
}

function wordsOf(key: Buffer): Uint32Array {
  const digest = hash('sha256', key, 'buffer');
  return Uint32Array.from({ length: WORDS_PER_KEY }, (_, index) => digest.readUInt32LE(index * 4));
}
