import type { Random } from '@chat-cluster/kernel';

/** An id that nobody else has: 128 random bits, in hexadecimal. */
export function randomId(random: Random): string {
  return Array.from({ length: 4 }, () =>
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
}
