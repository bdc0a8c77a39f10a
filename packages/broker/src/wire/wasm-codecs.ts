import { createRequire } from 'node:module';

type WasmCodecs = Pick<typeof import('@platformatic/wasm-utils'), 'lz4Compress' | 'snappyCompress'>;

const requireHere = createRequire(import.meta.url);
let loaded: WasmCodecs | null = null;

/**
 * What compresses Snappy and LZ4, which only the cleaner does: loaded when it first does. Nothing that a client sent is
 * decompressed by it, because it loses memory with everything that turns out to be damaged.
 */
export function wasmCodecs(): WasmCodecs {
  loaded ??= requireHere('@platformatic/wasm-utils') as WasmCodecs;
  return loaded;
}
