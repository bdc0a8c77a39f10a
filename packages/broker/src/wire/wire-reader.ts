import { MalformedMessage } from './malformed-message.ts';

const UINT32_RANGE = 4_294_967_296;
/** A varint of 32 bits takes at most this many bytes (7 bits each). */
const VARINT_BYTES_MAX = 5;

/**
 * Reads Kafka's primitive types from one frame, front to back.
 *
 * Integers are big-endian. `int64` is returned as a JavaScript number: offsets, timestamps and producer ids that
 * this broker hands out stay far below 2^53; a larger value sent by a client is rounded. Byte fields are views
 * into the frame, never copies: whoever keeps one keeps the frame alive. Every read past the end, and every
 * length that the frame cannot hold, throws `MalformedMessage`.
 */
export class WireReader {
  readonly #buffer: Buffer;
  readonly #view: DataView;
  readonly #end: number;
  #position: number;

  constructor(frame: Uint8Array, position = 0) {
    this.#buffer = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
    this.#view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    this.#end = frame.byteLength;
    this.#position = position;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  int8(): number {
    return this.#view.getInt8(this.#advance(1));
  }

  int16(): number {
    return this.#view.getInt16(this.#advance(2));
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4));
  }

  int64(): number {
    const at = this.#advance(8);
    return this.#view.getInt32(at) * UINT32_RANGE + this.#view.getUint32(at + 4);
  }

  /** Unsigned base-128 integer of at most 32 bits, least significant group first. */
  uvarint(): number {
    let value = 0;
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      const byte = this.#view.getUint8(this.#advance(1));
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw new MalformedMessage('a varint is longer than 5 bytes');
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Buffer {
    const at = this.#advance(length);
    return this.#buffer.subarray(at, at + length);
  }

  /** The next `length` bytes as UTF-8 text. */
  utf8(length: number): string {
    const at = this.#advance(length);
    return this.#buffer.toString('utf8', at, at + length);
  }

  /** Sixteen bytes as unpadded base64url, the way Kafka's tools print a topic id. */
  uuid(): string {
    const at = this.#advance(16);
    return this.#buffer.toString('base64url', at, at + 16);
  }

  /**
   * Checks the length of an array before anything is allocated for it: each element takes at least one byte.
   */
  arrayLength(length: number): number {
    if (length < 0 || length > this.remaining) {
      throw new MalformedMessage(`an array of ${length} elements does not fit its frame`);
    }
    return length;
  }

  #advance(length: number): number {
    const at = this.#position;
    if (length < 0 || length > this.#end - at) {
      throw new MalformedMessage(`${length} bytes are wanted and ${this.#end - at} are left`);
    }
    this.#position = at + length;
    return at;
  }
}
