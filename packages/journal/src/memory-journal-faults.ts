import { assert } from '@chat-cluster/kernel';

/** How much of a write is done although it is reported as failed; `rows`: all rows, no position. */
export type WrittenPart = 'nothing' | 'rows' | 'everything';

/** A write that fails with 'unavailable'. */
export type WriteFault = {
  readonly written: WrittenPart;
  /**
   * How long after the failure the written part lands, in milliseconds: a request that was on its
   * way when its sender gave up. Default 0, before the failure is reported.
   */
  readonly landsAfterMs?: number;
};

/** Write faults that wait for their write, at most. */
const WRITE_FAULTS_MAX = 10_000;

/**
 * What a test does to a memory journal. Several journals may share one: the store is away for all.
 */
export class MemoryJournalFaults {
  /** Every call fails with 'unavailable', and nothing is written. */
  isDown = false;
  /** Every call takes this long, its effect at the end. 0 for none. */
  delayMs = 0;
  readonly #writeFaults: WriteFault[] = [];

  /** Plans faults for the next writes (append, writeSnapshots, placeShard), one each. */
  failNextWrites(...faults: readonly WriteFault[]): void {
    assert(
      this.#writeFaults.length + faults.length <= WRITE_FAULTS_MAX,
      'A test plans a bounded number of write faults.',
    );
    this.#writeFaults.push(...faults);
  }

  /** Taken by the journal, once a write. */
  takeWriteFault(): WriteFault | undefined {
    return this.#writeFaults.shift();
  }

  /** The store is well again: nothing down, slow or planned. */
  heal(): void {
    this.isDown = false;
    this.delayMs = 0;
    this.#writeFaults.length = 0;
  }
}
