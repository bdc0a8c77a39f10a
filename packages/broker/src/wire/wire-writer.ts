const UINT32_RANGE = 4_294_967_296;
const INT64_LIMIT = 2 ** 63;
const CAPACITY_INITIAL_BYTES = 512;
/** Byte fields from this size on are put into the output by reference; smaller ones are cheaper to copy. */
const REFERENCE_BYTES_MIN = 2048;

/**
 * Writes Kafka's primitive types into a list of chunks.
 *
 * Small values go into buffers of its own; record batches of 2 KiB and more are referenced, not copied, so a fetch
 * answer is a `writev` of cached batches. `int64` takes a number (see `WireReader`) and clamps at the type's limits.
 */
export class WireWriter {
  readonly #chunks: Uint8Array[] = [];
  #chunksBytes = 0;
  #buffer: Buffer;
  #view: DataView;
  #start = 0;
  #position = 0;

  constructor(capacityBytes: number = CAPACITY_INITIAL_BYTES) {
    this.#buffer = Buffer.allocUnsafe(capacityBytes);
    this.#view = viewOf(this.#buffer);
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#chunksBytes + this.#position - this.#start;
  }

  int8(value: number): void {
    const at = this.#claim(1);
    this.#view.setInt8(at, value);
  }

  int16(value: number): void {
    const at = this.#claim(2);
    this.#view.setInt16(at, value);
  }

  int32(value: number): void {
    const at = this.#claim(4);
    this.#view.setInt32(at, value);
  }

  int64(value: number): void {
    const at = this.#claim(8);
    if (value >= INT64_LIMIT) {
      this.#view.setBigInt64(at, 2n ** 63n - 1n);
    } else {
      this.#view.setInt32(at, Math.floor(value / UINT32_RANGE));
      this.#view.setUint32(at + 4, value >>> 0);
    }
  }

  uvarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.int8((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.int8(rest);
  }

  /** Text whose UTF-8 length in bytes is `length`; the length itself is not written. */
  utf8(text: string, length: number): void {
    const at = this.#claim(length);
    this.#buffer.write(text, at, length, 'utf8');
  }

  bytes(value: Uint8Array): void {
    if (value.byteLength < REFERENCE_BYTES_MIN) {
      const at = this.#claim(value.byteLength);
      this.#buffer.set(value, at);
    } else {
      this.#flush();
      this.#chunks.push(value);
      this.#chunksBytes += value.byteLength;
    }
  }

  /** Sixteen bytes given as unpadded base64url. */
  uuid(value: string): void {
    const at = this.#claim(16);
    this.#buffer.write(value, at, 16, 'base64url');
  }

  /**
   * Everything written so far, in order. The writer must not be used afterwards. Chunks that were referenced are
   * the caller's own: they must not change until they are on the wire.
   */
  finish(): Uint8Array[] {
    this.#flush();
    return this.#chunks;
  }

  /** Reserves bytes. It may replace `buffer` and `view`: take their value after this call, not before. */
  #claim(length: number): number {
    const at = this.#position;
    if (at + length > this.#buffer.byteLength) return this.#grow(length);
    this.#position = at + length;
    return at;
  }

  #grow(length: number): number {
    this.#flush();
    const capacityBytes = Math.max(length, 2 * this.#buffer.byteLength);
    this.#buffer = Buffer.allocUnsafe(capacityBytes);
    this.#view = viewOf(this.#buffer);
    this.#start = 0;
    this.#position = length;
    return 0;
  }

  #flush(): void {
    if (this.#position === this.#start) return;
    this.#chunks.push(this.#buffer.subarray(this.#start, this.#position));
    this.#chunksBytes += this.#position - this.#start;
    this.#start = this.#position;
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
