import type { Database, RootDatabase } from 'lmdb';

/** A table of LMDB: bytes, ordered by the bytes of their keys. */
export type Table = Database<Uint8Array, Uint8Array>;

/** One environment, a folder, and the tables in it; named as in the schema of Cassandra. */
export type Tables = {
  readonly dir: string;
  readonly environment: RootDatabase<Uint8Array, Uint8Array>;
  readonly journal: Table;
  readonly snapshot: Table;
  readonly shard: Table;
  /** Entity type → the partition count that is pinned, a UINT32, big-endian. */
  readonly partitionCount: Table;
};
