import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's heaps close to what is alive in them: what a message leads to lives for a few garbage collections, until its transaction and its row are done, and V8 would let
 * three times as much pile up before it looks at the old ones. Figures in docs/decisions/0005-memory.md. For all threads that are started afterwards, too.
 */
export function boundHeap(): void {
  for (const flag of HEAP_FLAGS) setFlagsFromString(flag);
}

const HEAP_FLAGS = [
  '--heap-growing-percent=30',
  '--max-semi-space-size=8',
  '--semi-space-growth-factor=1',
];
