import { sleep, type Timers } from '@chat-cluster/kernel';

/**
 * After so many bytes of records the cleaner lets others run: about a millisecond of work. Only a batch is decompressed
 * and compressed in one go, and `max.message.bytes` bounds that.
 */
const SLICE_BYTES_MAX = 64 * 1024;
/** What a record costs, however small it is: its key is hashed. */
const RECORD_BYTES = 64;

/** The cleaner has been told to stop, or its partition is gone. Nothing that was begun counts. */
export class CleaningInterrupted extends Error {
  override readonly name = 'CleaningInterrupted';
  readonly code = 'CLEANING_INTERRUPTED';
}

/** Cuts long work into slices, between which everything else of the process runs. */
export class WorkSlices {
  readonly #timers: Timers;
  readonly #mustStop: () => boolean;
  #bytes = 0;

  constructor(of: { timers: Timers; mustStop: () => boolean }) {
    this.#timers = of.timers;
    this.#mustStop = of.mustStop;
  }

  /**
   * A record, or something of this size, has been worked on. A promise when the slice is over: to be awaited.
   *
   * @throws (rejects) CleaningInterrupted
   */
  spend(bytes: number): Promise<void> | null {
    this.#bytes += bytes + RECORD_BYTES;
    return this.#bytes < SLICE_BYTES_MAX ? null : this.next();
  }

  /** Lets others run. */
  async next(): Promise<void> {
    this.#bytes = 0;
    await sleep(this.#timers, 0);
    this.check();
  }

  /** @throws CleaningInterrupted */
  check(): void {
    if (this.#mustStop()) throw new CleaningInterrupted('the cleaning has been stopped');
  }
}
