import { assert } from '@chat-cluster/kernel';

/** Counts bytes that several owners hold together, against a named limit. */
export class ByteBudget {
  readonly name: string;
  readonly bytesMax: number;
  #bytes = 0;

  constructor(options: { name: string; bytesMax: number }) {
    this.name = options.name;
    this.bytesMax = options.bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.bytesMax;
  }

  /** Takes (or with a negative number gives back) bytes. Going over is allowed for one item; its owner stops at isFull. */
  take(bytes: number): void {
    this.#bytes += bytes;
    assert(this.#bytes >= 0, `More bytes were given back than taken (${this.name}).`);
  }
}
