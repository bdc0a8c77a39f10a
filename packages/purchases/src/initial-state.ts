/** What is known of a user; however much he buys, it stays as small. */
export type UserState = {
  purchaseCount: number;
  /**
   * In pence. A bigint: a sum of numbers is no longer exact past 2^53, which ten of the largest
   * purchases reach.
   */
  totalPrice: bigint;
};

/** A user who has bought nothing yet. */
export function initialState(): UserState {
  return { purchaseCount: 0, totalPrice: 0n };
}

/** Estimate of the memory that a state takes. */
export function stateSizeBytes(): number {
  return STATE_BYTES;
}

/** The object with its two fields (32), a number of its own (16), a bigint of one word (24). */
const STATE_BYTES = 72;
