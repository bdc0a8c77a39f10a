import assert from 'node:assert/strict';
import type { FetchedBatch, Fetcher, FetcherOptions } from '../fetcher.ts';
import type { LogError } from '../log-error.ts';
import type { Log } from '../log.ts';
import type { FetchedRecord, TopicIdPartition, TopicPartition } from '../record.ts';

/** A Fetcher's listener that keeps what comes, and checks what must hold of every batch. */
export class CaseReader {
  readonly fetcher: Fetcher;
  readonly batches: FetchedBatch[] = [];
  readonly errors: { readonly at: TopicPartition; readonly error: LogError }[] = [];
  readonly #positions = new Map<string, number>();
  #waiting: (() => void)[] = [];
  #violation: Error | undefined;

  constructor(log: Log, options: FetcherOptions = {}) {
    this.fetcher = log.openFetcher(options, {
      onBatch: (batch) => this.#notice(() => this.#onBatch(batch)),
      onPartitionError: (at, error) => this.#notice(() => this.#onError(at, error)),
    });
  }

  add(at: TopicIdPartition, position = 0): this {
    this.#positions.set(keyOf(at), position);
    this.fetcher.add(at, position);
    return this;
  }

  remove(at: TopicPartition): this {
    this.fetcher.remove(at);
    this.#positions.delete(keyOf(at));
    return this;
  }

  records(at?: TopicPartition): FetchedRecord[] {
    const batches = at ? this.batches.filter((batch) => keyOf(batch) === keyOf(at)) : this.batches;
    return batches.flatMap(({ records }) => records);
  }

  /** The fetch position that the last batch left; undefined for a partition that is not fetched. */
  position(at: TopicPartition): number | undefined {
    return this.#positions.get(keyOf(at));
  }

  /** Waits until the position has come to an offset: everything before it has been delivered or passed over. */
  async reached(at: TopicPartition, offset: number): Promise<this> {
    await this.until(() => (this.position(at) ?? 0) >= offset);
    return this;
  }

  /** Waits for the error of a partition. */
  async errorOf(at: TopicPartition): Promise<LogError> {
    const find = (): LogError | undefined =>
      this.errors.find((entry) => keyOf(entry.at) === keyOf(at))?.error;
    await this.until(() => find() !== undefined);
    return find()!;
  }

  /** Waits, from event to event, until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (;;) {
      if (this.#violation) throw this.#violation;
      if (isSo()) return;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  close(): Promise<void> {
    return this.fetcher.close();
  }

  #onBatch(batch: FetchedBatch): void {
    const position = this.position(batch);
    assert.ok(position !== undefined, 'A batch came of a partition that is not fetched.');
    let offsetMin = position;
    for (const { offset } of batch.records) {
      assert.ok(offset >= offsetMin, `Offset ${offset} came after position ${offsetMin}.`);
      offsetMin = offset + 1;
    }
    assert.ok(batch.offsetNext >= offsetMin, 'The position is past the records.');
    assert.ok(batch.highWatermark >= batch.offsetNext, 'The position is not past the end.');
    assert.ok(batch.sizeBytes >= batch.records.length, 'Records have a size.');
    this.batches.push(batch);
    this.#positions.set(keyOf(batch), batch.offsetNext);
  }

  #onError(at: TopicPartition, error: LogError): void {
    assert.ok(this.#positions.delete(keyOf(at)), 'An error came of a partition not fetched.');
    this.errors.push({ at, error });
  }

  /** What is thrown in a listener would be lost: the test that waits throws it. */
  #notice(event: () => void): void {
    try {
      event();
    } catch (error) {
      this.#violation ??= error as Error;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
