import type { Cancel, Timers } from '@chat-cluster/kernel';
import { MemoryBrokerError } from './memory-broker-error.ts';
import type { PartitionData } from './memory-partition.ts';
import type { MemoryTopics } from './memory-topics.ts';
import type { TopicIdPartition } from './record.ts';

/** Fetch, read_committed: data of each partition from its position on. */
export type FetchRequest = {
  readonly partitions: readonly (TopicIdPartition & { readonly position: number })[];
  readonly waitMaxMs: number;
  readonly responseBytesMax: number;
  readonly partitionBytesMax: number;
};

/** In the order asked. Undefined where there is nothing yet, or the answer was full before. */
export type FetchAnswer = readonly (PartitionData | MemoryBrokerError | undefined)[];

/** Lets a waiting Fetch be answered before its time: its sender wants to ask for other partitions. It crosses no network: a shortcut. */
export class Hurry {
  #callback: () => void = () => {};
  #isAsked = false;

  get isAsked(): boolean {
    return this.#isAsked;
  }

  ask(): void {
    this.#isAsked = true;
    this.#callback();
  }

  onAsked(callback: () => void): void {
    this.#callback = callback;
  }
}

type Wait = {
  readonly topics: MemoryTopics;
  readonly timers: Timers;
  readonly request: FetchRequest;
  readonly hurry: Hurry;
};

/** Answers once a partition has data or an error, when the time is up, or when asked to hurry. */
export function waitForData({ topics, timers, request, hurry }: Wait): Promise<FetchAnswer> {
  return new Promise((resolve) => {
    let cancels: Cancel[] = [];
    let isTimeUp = false;
    const look = (): void => {
      for (const cancel of cancels) cancel();
      const answer = read(topics, request);
      if (isTimeUp || hurry.isAsked || answer.some((data) => data !== undefined)) {
        cancelTimeout();
        hurry.onAsked(() => {});
        resolve(answer);
        return;
      }
      cancels = request.partitions.map((at) => topics.partitionOfId(at).onChange(look));
    };
    const cancelTimeout = timers.after(request.waitMaxMs, () => {
      isTimeUp = true;
      look();
    });
    hurry.onAsked(look);
    look();
  });
}

function read(topics: MemoryTopics, request: FetchRequest): FetchAnswer {
  let sizeBytes = 0;
  return request.partitions.map((at) => {
    if (sizeBytes >= request.responseBytesMax) return undefined;
    const bytesMax = Math.min(request.partitionBytesMax, request.responseBytesMax - sizeBytes);
    try {
      const data = topics.partitionOfId(at).read(at.position, bytesMax);
      if (data.batches.length === 0) return undefined;
      sizeBytes += data.sizeBytes;
      return data;
    } catch (error) {
      if (error instanceof MemoryBrokerError) return error;
      throw error;
    }
  });
}
