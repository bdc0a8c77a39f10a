import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { UserService } from '@chat-cluster/contract/purchases';
import type { Totals } from './preload-purchases.ts';

/** Users that are asked for. */
const SAMPLE_COUNT = 1_000;
const AT_ONCE = 50;

/** Asks a front end for a thousand users, evenly chosen, and throws if one has another total than the topic says. */
export async function checkTotals(frontEndPort: number, totals: Totals): Promise<void> {
  const baseUrl = `http://127.0.0.1:${frontEndPort}`;
  const service = createClient(UserService, createGrpcTransport({ baseUrl }));
  const users = [...totals];
  const step = Math.max(1, Math.floor(users.length / SAMPLE_COUNT));
  const sample = users.filter((_, index) => index % step === 0);
  for (let at = 0; at < sample.length; at += AT_ONCE) {
    await Promise.all(
      sample.slice(at, at + AT_ONCE).map(async ([id, { pence, purchases }]) => {
        const stats = await service.userStats({ id }, { timeoutMs: 10_000 });
        const isRight =
          stats.totalPurchases === BigInt(purchases) && stats.totalPrice === BigInt(pence);
        if (isRight) return;
        throw new Error(
          `User ${id} has ${stats.totalPurchases} for ${stats.totalPrice}p; ${purchases} for ${pence}p are in the topic.`,
        );
      }),
    );
  }
}
