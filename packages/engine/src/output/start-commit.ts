import { sleep, type Timers } from '@chat-cluster/kernel';
import type { EngineTopics } from '../engine-topics.ts';
import { TenureEndedError } from '../partition/take-over.ts';
import type { Tenure } from '../partition/tenure.ts';
import { DecidedPart } from './decided-part.ts';
import type { PartSource } from './transaction-loop.ts';

const POLL_MS = 5;

/** Where fresh inputs begin, and how many events the shard had by then. */
export type FirstOffsets = {
  /** Input topic → offset. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly eventNumber: number;
};

/** The first offsets of a shard's inputs, committed by the transaction loop like everything else, before the shard runs. */
export class StartCommit implements PartSource {
  readonly tenure: Tenure;
  readonly decisions;
  #part: DecidedPart | undefined;
  #isCommitted = false;

  constructor(tenure: Tenure, first: FirstOffsets, topics: EngineTopics) {
    const part = new DecidedPart({
      partition: tenure.partition,
      partitionBytesMax: 0,
      eventNumberLast: first.eventNumber,
    });
    for (const [topic, offsetNext] of first.offsets) {
      part.offsets.set(topic, { topicId: topics.get(topic).topicId, offsetNext });
    }
    this.tenure = tenure;
    this.#part = part;
    this.decisions = this.#partSource();
  }

  committed(): void {
    this.#isCommitted = true;
  }

  /** Rejects with TenureEndedError when the tenure ends first. */
  async whenCommitted(timers: Timers): Promise<void> {
    while (!this.#isCommitted) {
      if (!this.tenure.lasts) throw new TenureEndedError();
      await sleep(timers, POLL_MS);
    }
  }

  #partSource(): PartSource['decisions'] {
    const peek = (): DecidedPart | undefined => this.#part;
    const shift = (): DecidedPart | undefined => {
      const part = this.#part;
      this.#part = undefined;
      return part;
    };
    return {
      get hasAny() {
        return peek() !== undefined;
      },
      peek,
      shift,
    };
  }
}
