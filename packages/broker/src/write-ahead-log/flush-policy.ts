/**
 * When what was written is synced to the disk.
 *
 * - `group`: before it counts as durable and is acknowledged. Nothing that was acknowledged is lost.
 * - `intervalMs`: so long afterwards at the latest (`log.flush.interval.ms`). A loss of power takes what was acknowledged
 *   since, from the end of the log; the death of the process takes nothing.
 * - `os`: when a file is full, at a checkpoint, and at the end; else when the operating system does.
 */
export type FlushPolicy = 'group' | 'os' | { readonly intervalMs: number };
