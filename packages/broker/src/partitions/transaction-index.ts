/** An aborted transaction on one partition, from its first record to its marker, both included. */
export type AbortedTransaction = {
  readonly producerId: number;
  readonly firstOffset: number;
  /** The offset of the abort marker. */
  readonly lastOffset: number;
};

/** The contents of a `TransactionIndex`, for a checkpoint. */
export type TransactionIndexSnapshot = {
  readonly open: readonly (readonly [producerId: number, firstOffset: number])[];
  readonly aborted: readonly AbortedTransaction[];
};

/**
 * The transactions of one partition as its *durable* records tell them: which are open, and which were aborted. It
 * is fed below the high watermark only, so that a reader never sees more than a restart would.
 */
export class TransactionIndex {
  /** By first offset, ascending: a transaction is entered when its first record becomes durable. */
  readonly #open = new Map<number, number>();
  /**
   * By last offset, ascending: a transaction is entered when its marker becomes durable. Only ever appended to: a reader
   * who has it keeps it.
   */
  #aborted: AbortedTransaction[] = [];

  recordBatch(producerId: number, baseOffset: number): void {
    if (!this.#open.has(producerId)) this.#open.set(producerId, baseOffset);
  }

  recordMarker(producerId: number, type: 'abort' | 'commit', offset: number): void {
    const firstOffset = this.#open.get(producerId);
    if (firstOffset === undefined) return;
    this.#open.delete(producerId);
    if (type === 'abort') this.#aborted.push({ producerId, firstOffset, lastOffset: offset });
  }

  /** The end of what a read_committed reader may see: the first open transaction, or the high watermark. */
  lastStableOffset(highWatermark: number): number {
    for (const firstOffset of this.#open.values()) return firstOffset;
    return highWatermark;
  }

  /** The aborted transactions, by last offset. Shared: what is forgotten later stays in it. */
  get aborted(): readonly AbortedTransaction[] {
    return this.#aborted;
  }

  /** Forgets aborted transactions that ended below the start of the log, or below what was cleaned. */
  dropBelow(offset: number): void {
    const count = firstEndingAt(this.#aborted, offset);
    if (count > 0) this.#aborted = this.#aborted.slice(count);
  }

  snapshot(): TransactionIndexSnapshot {
    return { open: [...this.#open], aborted: [...this.#aborted] };
  }

  restore(snapshot: TransactionIndexSnapshot): void {
    for (const [producerId, firstOffset] of snapshot.open) this.#open.set(producerId, firstOffset);
    this.#aborted = [...snapshot.aborted];
  }
}

/** Those that overlap `[offset, endOffset)`, ascending by first offset as clients need them. */
export function abortedWithin(
  aborted: readonly AbortedTransaction[],
  { offset, endOffset }: { offset: number; endOffset: number },
): AbortedTransaction[] {
  return aborted
    .slice(firstEndingAt(aborted, offset))
    .filter((one) => one.firstOffset < endOffset)
    .sort((a, b) => a.firstOffset - b.firstOffset);
}

function firstEndingAt(aborted: readonly AbortedTransaction[], offset: number): number {
  let low = 0;
  let high = aborted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const one = aborted[middle];
    if (one !== undefined && one.lastOffset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
