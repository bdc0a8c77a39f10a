import { assert } from '@chat-cluster/kernel';
import type { DurableLog } from './durable-log.ts';

/**
 * A log that lives as long as this object: for brokers without a data folder, and for tests, which
 * open it again to see what a restart sees. "Durable" is the next turn of the microtask queue.
 */
export class MemoryDurableLog implements DurableLog {
  readonly precedesPartitions = true;
  readonly isFull = false;
  #records: Uint8Array[] = [];
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  replay(onRecord: (bytes: Uint8Array) => void): Promise<void> {
    for (const record of this.#records) onRecord(record);
    return Promise.resolve();
  }

  append(bytes: Uint8Array): Promise<void> {
    this.#records.push(bytes);
    this.#sizeBytes += bytes.byteLength;
    return Promise.resolve();
  }

  appendLazily(bytes: Uint8Array): void {
    void this.append(bytes);
  }

  durable(): Promise<void> {
    return Promise.resolve();
  }

  replaceWith(snapshot: readonly Uint8Array[]): Promise<void> {
    this.#records = [...snapshot];
    this.#sizeBytes = 0;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** What a restart finds if the power fails when only the first `count` records were durable. */
  cutTo(count: number): MemoryDurableLog {
    assert(count <= this.#records.length, 'A log is cut to at most what it holds.');
    const cut = new MemoryDurableLog();
    cut.#records = this.#records.slice(0, count);
    return cut;
  }

  get count(): number {
    return this.#records.length;
  }
}
