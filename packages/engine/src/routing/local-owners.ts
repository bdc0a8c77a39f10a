import { homePartition } from '@chat-cluster/log';
import type { EntityOwner, Refused } from './entity-owner.ts';
import type { KnownMaps } from './known-maps.ts';
import { ownerOf, type MapMember } from './shard-map.ts';

/** Where the youngest map says that an entity is. */
export type EntityPlace = { readonly shard: number; readonly owner: MapMember | undefined };

/** The workers of this process, of one or more entity types, several of one type too. */
export class LocalOwners {
  readonly #byType = new Map<string, EntityOwner[]>();
  readonly #maps: KnownMaps;

  constructor(owners: readonly EntityOwner[], maps: KnownMaps) {
    this.#maps = maps;
    for (const owner of owners) {
      const others = this.#byType.get(owner.entityType);
      if (others) others.push(owner);
      else this.#byType.set(owner.entityType, [owner]);
    }
  }

  has(entityType: string): boolean {
    return this.#byType.has(entityType);
  }

  /** Why nobody here can be asked for this type: there are workers, and none of it. Undefined if there is one, or none at all. */
  unknownType(entityType: string): Refused | undefined {
    const types = [...this.#byType.keys()];
    if (types.length === 0 || this.has(entityType)) return undefined;
    const reason = `There are no entities of type ${JSON.stringify(entityType)} here, only of type ${types.toSorted().join(', ')}. Is the name right?`;
    return { kind: 'refused', code: 'unknown-entity-type', reason };
  }

  /** The worker here, of any type, that is this member of its group. */
  member(memberId: string): EntityOwner | undefined {
    return [...this.#byType.values()].flat().find((owner) => owner.isMember(memberId));
  }

  /** The worker here that is this member. */
  worker(entityType: string, memberId: string): EntityOwner | undefined {
    return this.#byType.get(entityType)?.find((owner) => owner.isMember(memberId));
  }

  /** Undefined while no map is known. */
  place(entityType: string, entityId: string): EntityPlace | undefined {
    const map = this.#maps.youngest(entityType);
    if (map === undefined || map.owners.length === 0) return undefined;
    const shard = homePartition(utf8.encode(entityId), map.owners.length);
    return { shard, owner: ownerOf(map, shard) };
  }

  /** The worker here that owns the entity by the youngest map. */
  ownerHere(entityType: string, entityId: string): EntityOwner | undefined {
    const owner = this.place(entityType, entityId)?.owner;
    return owner && this.worker(entityType, owner.memberId);
  }
}

const utf8 = new TextEncoder();
