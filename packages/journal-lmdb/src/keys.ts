import { ENTITY_ID_BYTES_MAX, ENTITY_TYPE_BYTES_MAX, SEQ_MAX } from '@chat-cluster/journal';
import { assert } from '@chat-cluster/kernel';

const SEQ_BYTES = 6;
const ID_LENGTH_BYTES = 2;

/**
 * The keys of one entity type. Lengths stand in front of what they measure, so that no id is a
 * prefix of another one, and the rows of an entity lie together, ascending by seq:
 *
 *     journal   type, id, seq: UINT48
 *     snapshot  type, id
 *     shard     type, shard: UINT32
 *     type      length: UINT8, UTF-8
 *     id        length: UINT16, UTF-8
 *
 * All numbers are big-endian: LMDB compares bytes.
 */
export class EntityKeys {
  /** The type, as every key of it starts. */
  readonly prefix: Uint8Array;

  constructor(entityType: string) {
    const bytes = new TextEncoder().encode(entityType);
    assert(
      bytes.length <= ENTITY_TYPE_BYTES_MAX,
      'An entity type has at most ENTITY_TYPE_BYTES_MAX bytes.',
    );
    this.prefix = Uint8Array.of(bytes.length, ...bytes);
  }

  /** The key of a row; with the seq `SEQ_MAX + 1`, the end of the entity. */
  row(entityId: string, seq: number): Uint8Array {
    const key = this.#withId(entityId, SEQ_BYTES);
    assert(
      Number.isSafeInteger(seq) && seq >= 0 && seq <= SEQ_MAX + 1,
      'A seq is a whole number from 0 to SEQ_MAX.',
    );
    key.writeUIntBE(seq, key.length - SEQ_BYTES, SEQ_BYTES);
    return key;
  }

  snapshot(entityId: string): Uint8Array {
    return this.#withId(entityId, 0);
  }

  shard(shard: number): Uint8Array {
    const key = Buffer.allocUnsafe(this.prefix.length + 4);
    key.set(this.prefix);
    key.writeUInt32BE(shard, this.prefix.length);
    return key;
  }

  /** What follows every key of the type: no id is as long as that. */
  afterAll(): Uint8Array {
    return Uint8Array.of(...this.prefix, 0xff, 0xff);
  }

  /** The entity and the seq of a row's key. */
  parseRow(key: Uint8Array): { readonly entityId: string; readonly seq: number } {
    const bytes = Buffer.from(key.buffer, key.byteOffset, key.length);
    const idStart = this.prefix.length + ID_LENGTH_BYTES;
    const idEnd = bytes.length - SEQ_BYTES;
    assert(
      bytes.readUInt16BE(this.prefix.length) === idEnd - idStart,
      'The key of a row holds its entity id between the type and the seq.',
    );
    return {
      entityId: bytes.toString('utf8', idStart, idEnd),
      seq: bytes.readUIntBE(idEnd, SEQ_BYTES),
    };
  }

  /** Type and id, and room for what follows. */
  #withId(entityId: string, moreBytes: number): Buffer {
    const idBytes = Buffer.byteLength(entityId);
    assert(idBytes <= ENTITY_ID_BYTES_MAX, 'An entity id has at most ENTITY_ID_BYTES_MAX bytes.');
    const idStart = this.prefix.length + ID_LENGTH_BYTES;
    const key = Buffer.allocUnsafe(idStart + idBytes + moreBytes);
    key.set(this.prefix);
    key.writeUInt16BE(idBytes, this.prefix.length);
    key.write(entityId, idStart);
    return key;
  }
}
