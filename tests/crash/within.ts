import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 250;

/** Asks again until nothing is missing any more; fails with what is still missing. */
export async function within(
  waitMs: number,
  missing: () => Promise<string | undefined>,
): Promise<void> {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const message = await missing();
    if (message === undefined) return;
    if (performance.now() > deadlineMs) throw new Error(`Not within ${waitMs} ms. ${message}`);
    await delay(POLL_MS);
  }
}
