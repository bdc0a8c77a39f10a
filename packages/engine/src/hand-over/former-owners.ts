/** The state of an entity as its former owner had it in memory: what its events 0 … seqNext - 1 lead to. */
export type RetiredState = {
  readonly entityId: string;
  readonly seqNext: number;
  /** The seq after the last snapshot, so that the new owner writes the next one when it is due. */
  readonly snapshotSeqNext: number;
  /** As in a snapshot. */
  readonly state: Uint8Array;
};

/** Some states of one shard that was given up. */
export type RetiredPart = {
  readonly shard: number;
  /** With the shard and `eventNumber` it names what the states were made of: the shard's events up to that one, in that incarnation of the event topic. */
  readonly eventTopicId: string;
  /** Of the last event that was ever committed for the shard when it was given up. */
  readonly eventNumber: number;
  readonly states: readonly RetiredState[];
  /** No further part of this shard comes. */
  readonly isLast: boolean;
};

/** A worker that had the shards before. */
export type FormerOwner = { readonly endpoint: string; readonly memberId: string };

/** Other workers, as those who keep the states of shards that they gave up. */
export interface FormerOwners {
  /**
   * Asks that worker for what it keeps of these shards, each once. Parts come shard by shard; one that it keeps nothing of has an empty part. Resolves after the last one;
   * rejects with a PeerError, or with the signal's reason.
   */
  retiredStates(
    owner: FormerOwner,
    asked: { readonly entityType: string; readonly shards: readonly number[] },
    onPart: (part: RetiredPart) => void,
    signal: AbortSignal,
  ): Promise<void>;
}
