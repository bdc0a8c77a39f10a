import { assert } from './assert.ts';

/** The array behind a queue is cut only past this length, so that short queues never copy. */
const CUT_LENGTH_MIN = 64;

/** First in, first out, with a limit. Every operation is O(1), amortized. */
export class BoundedQueue<T> {
  readonly countMax: number;
  /** What is queued, behind `#head` slots that are already taken. */
  #slots: (T | undefined)[] = [];
  #head = 0;

  /** @param options `countMax`: how many items fit, at least 1 */
  constructor({ countMax }: { countMax: number }) {
    assert(
      Number.isSafeInteger(countMax) && countMax >= 1,
      'A queue has room for at least one item.',
    );
    this.countMax = countMax;
  }

  get length(): number {
    return this.#slots.length - this.#head;
  }

  get isFull(): boolean {
    return this.length >= this.countMax;
  }

  /** Appends the item; false, and nothing is changed, when the queue is full. */
  push(item: T): boolean {
    if (this.isFull) return false;
    this.#slots.push(item);
    return true;
  }

  /** Takes the oldest item, undefined when the queue is empty. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined; // or the queue would keep it from being collected
    this.#head += 1;
    this.#cutTaken();
    return item;
  }

  /** The oldest item, left where it is; undefined when the queue is empty. */
  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  /**
   * Copies what is left once at least half of the slots are taken: each item is copied at most once
   * on average.
   */
  #cutTaken(): void {
    if (this.#head === this.#slots.length) {
      this.#slots.length = 0;
      this.#head = 0;
    } else if (this.#head >= CUT_LENGTH_MIN && this.#head * 2 >= this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head);
      this.#head = 0;
    }
  }
}
