import { MalformedMessage } from '../wire/malformed-message.ts';

const SIZE_BYTES = 4;
/** A frame that is a smaller part of the chunk it came in is copied, so that keeping it does not keep the chunk. */
const SHARE_OF_CHUNK_MIN = 1 / 4;

/**
 * Cuts the bytes of a connection into frames: `size:int32 bytes{size}`, without the size.
 *
 * A frame inside one chunk is a view of it where that does not waste memory; a larger one is put together in a buffer
 * of its own.
 */
export class FrameReader {
  readonly #frameBytesMax: () => number;
  /** The first bytes of a size that a chunk has cut, or of nothing. */
  #sizePrefix: Buffer = Buffer.alloc(0);
  /** The frame that is being put together, or null between frames. */
  #frame: Buffer | null = null;
  #filledBytes = 0;

  /** Frames larger than `frameBytesMax` says (`socket.request.max.bytes`) are malformed; it is asked for each frame. */
  constructor({ frameBytesMax }: { frameBytesMax: () => number }) {
    this.#frameBytesMax = frameBytesMax;
  }

  /**
   * Takes the next chunk and hands over each frame that it completes.
   *
   * @throws MalformedMessage for a negative or too large size
   */
  push(chunk: Buffer, onFrame: (frame: Buffer) => void): void {
    let rest = this.#completeFrame(this.#withPrefix(chunk), onFrame);
    while (rest.byteLength >= SIZE_BYTES) {
      const sizeBytes = this.#checkedSize(rest.readInt32BE(0));
      rest = rest.subarray(SIZE_BYTES);
      if (rest.byteLength >= sizeBytes) {
        onFrame(detached(rest.subarray(0, sizeBytes)));
        rest = rest.subarray(sizeBytes);
      } else {
        this.#frame = Buffer.allocUnsafeSlow(sizeBytes);
        this.#filledBytes = rest.copy(this.#frame);
        return;
      }
    }
    this.#sizePrefix = Buffer.from(rest);
  }

  #withPrefix(chunk: Buffer): Buffer {
    if (this.#sizePrefix.byteLength === 0) return chunk;
    const whole = Buffer.concat([this.#sizePrefix, chunk]);
    this.#sizePrefix = Buffer.alloc(0);
    return whole;
  }

  /** Adds to the frame under way; returns what is left of the chunk behind it. */
  #completeFrame(chunk: Buffer, onFrame: (frame: Buffer) => void): Buffer {
    const frame = this.#frame;
    if (frame === null) return chunk;
    const takenBytes = chunk.copy(frame, this.#filledBytes);
    this.#filledBytes += takenBytes;
    if (this.#filledBytes === frame.byteLength) {
      this.#frame = null;
      onFrame(frame);
    }
    return chunk.subarray(takenBytes);
  }

  #checkedSize(sizeBytes: number): number {
    const bytesMax = this.#frameBytesMax();
    if (sizeBytes < 0 || sizeBytes > bytesMax) {
      throw new MalformedMessage(`a frame of ${sizeBytes} bytes; at most ${bytesMax}`);
    }
    return sizeBytes;
  }
}

function detached(frame: Buffer): Buffer {
  const isWasteful = frame.byteLength < frame.buffer.byteLength * SHARE_OF_CHUNK_MIN;
  if (!isWasteful) return frame;
  const copy = Buffer.allocUnsafeSlow(frame.byteLength); // in a pool it would keep the pool's slab instead
  frame.copy(copy);
  return copy;
}
