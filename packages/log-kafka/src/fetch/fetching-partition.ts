import type { TopicIdPartition } from '@chat-cluster/log';
import { CommittedReader } from './committed-reader.ts';
import type { LeaderFetches } from './leader-fetches.ts';

/** A partition that is being fetched: where it stands, and why it may be left out of the next request. */
export class FetchingPartition {
  readonly at: TopicIdPartition;
  readonly reader: CommittedReader;
  isPaused = false;
  /** Removed, or stopped by an error: nothing more is delivered. */
  isRemoved = false;
  /** A request for it is under way: it is in no other. */
  isUnderWay = false;
  /** Failures in a row, for the pause before the next request. */
  failures = 0;
  /** Who fetches it; undefined while its leader is looked for. */
  leader: LeaderFetches | undefined;
  /** Since when metadata has not known its topic. */
  unknownSinceMs: number | undefined;

  constructor(at: TopicIdPartition, position: number) {
    this.at = at;
    this.reader = new CommittedReader(position);
  }

  get key(): string {
    return partitionKey(this.at.topicId, this.at.partition);
  }
}

export function partitionKey(topicId: string, partition: number): string {
  return `${topicId}/${partition}`;
}
