/** Of the first read of an entity's past, when nothing is known of its rows; and of any. */
const ROWS_FIRST = 16;
const ROWS_MAX = 64;

/**
 * How many rows of an entity the next read asks for, so that they have about `bytesMax` bytes: few at first, then up to twice as many each time, as long as they fit if each is as large as the
 * largest of the last read. Rows that are suddenly larger make one read of up to `ROWS_MAX` of them too large, and the next one small.
 */
export class RowsPerRead {
  readonly #bytesMax: number;
  #count = ROWS_FIRST;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** At least 1. */
  get count(): number {
    return this.#count;
  }

  /** What a read gave. */
  saw(rows: readonly { readonly event: Uint8Array }[]): void {
    const largest = rows.reduce((bytes, { event }) => Math.max(bytes, event.byteLength), 1);
    const fitting = Math.max(1, Math.floor(this.#bytesMax / largest));
    if (rows.length > 0) this.#count = Math.min(fitting, this.#count * 2, ROWS_MAX);
  }
}
