import type { CommitLog, CommitLogState, CommitTarget } from './commit-log.ts';

/**
 * The commit log of a broker without a data folder: "durable" is the next turn of the event loop, so that the order
 * of appends, acknowledgements and reads is the same as with a disk.
 */
export class MemoryCommitLog implements CommitLog {
  #state: CommitLogState = 'open';
  #ends = new Map<CommitTarget, number>();
  #commit: Promise<void> | null = null;

  get state(): CommitLogState {
    return this.#state;
  }

  appendBatch(target: CommitTarget, { endOffset }: { endOffset: number }): void {
    this.#ends.set(target, endOffset);
    this.#commit ??= this.#commitSoon();
  }

  appendLogStart(): void {}

  appendState(): void {}

  durable(): Promise<void> {
    return this.#commit ?? Promise.resolve();
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    await this.durable();
  }

  async #commitSoon(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const ends = this.#ends;
    this.#ends = new Map();
    this.#commit = null;
    for (const [target, endOffset] of ends) target.advance(endOffset);
  }
}
