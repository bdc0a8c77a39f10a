/** A member of the group as all others know it. */
export type MapMember = {
  readonly name: string;
  /** HOST:PORT of its EntityService. */
  readonly endpoint: string;
  readonly memberId: string;
};

/** Which worker owns which shard in one generation of the group. The leader makes it; every member gets it with its assignment. */
export type ShardMap = {
  readonly generationId: number;
  readonly members: readonly MapMember[];
  /** For each shard the index of its owner among the members, -1 for none. A shard that is about to move is still its old owner's. */
  readonly owners: readonly number[];
};

export function ownerOf(map: ShardMap, shard: number): MapMember | undefined {
  return map.members[map.owners[shard] ?? -1];
}
