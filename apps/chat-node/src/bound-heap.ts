import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's heaps close to what is alive in them: what a message leads to lives for a few garbage collections, until its transaction and its row are done, and V8 would let
 * three times as much pile up before it looks at the old ones. A heap may grow freely to a budget; beyond it, by a little at a time.
 * Figures in docs/decisions/0005-memory.md. For all threads that are started afterwards, too; what is alive is measured in this one.
 */
export function boundHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  let percent = GROWTH_PERCENT_MIN;
  setGrowth(percent);
  const observer = new PerformanceObserver((list) => {
    if (!list.getEntries().some(isMajor)) return;
    const next = growthPercent(oldBytes());
    if (next === percent) return;
    percent = next;
    setGrowth(percent);
  });
  observer.observe({ entryTypes: ['gc'] });
}

/** By how much a heap with so much alive in it may grow before it is collected again. */
export function growthPercent(aliveBytes: number): number {
  const upToBudget = Math.round((OLD_BYTES_BUDGET / aliveBytes - 1) * 100);
  return Math.min(Math.max(upToBudget, GROWTH_PERCENT_MIN), GROWTH_PERCENT_MAX);
}

const OLD_BYTES_BUDGET = 110 * 1024 * 1024;
const GROWTH_PERCENT_MIN = 30;
const GROWTH_PERCENT_MAX = 300;

function setGrowth(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

function isMajor(entry: PerformanceEntry & { readonly detail?: unknown }): boolean {
  const { kind } = entry.detail as { readonly kind: number };
  return kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

/** Right after a major collection this is what is alive, but for the young. */
function oldBytes(): number {
  const old = getHeapSpaceStatistics().filter(({ space_name }) => space_name !== 'new_space');
  return old.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}
