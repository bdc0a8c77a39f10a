import type { Decoded } from './decoded.ts';

/** One topic of the contract, and how it is created. */
export type TopicSpec = {
  readonly name: string;
  /**
   * What the key of a record is, UTF-8. `original`: that of the record it was made from, which may
   * be null.
   */
  readonly key: 'conversationKey' | 'userId' | 'entityId' | 'original';
  /**
   * How many partitions it has, and which one a record is in.
   *
   * - shard: as many as all other topics of this rule, because the partition is the shard: the home
   *   of the record's key.
   * - home: whatever number; the home of the record's key.
   * - any: whatever number; no order is promised.
   */
  readonly partitionRule: 'shard' | 'home' | 'any';
  /** What it is created with, beside the broker's defaults. */
  readonly configs: Readonly<Record<string, string>>;
};

/** A topic whose records hold a `Value` each. */
export type Topic<Value> = TopicSpec & {
  readonly encode: (value: Value) => Uint8Array;
  /** Never throws. `null` is a record without a value. */
  readonly decode: (bytes: Uint8Array | null) => Decoded<Value>;
};
