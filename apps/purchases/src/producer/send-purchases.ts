import { encodeUserPurchase, userEvents } from '@chat-cluster/contract/purchases';
import { type Clock, type Random, sleep, type Timers } from '@chat-cluster/kernel';
import { homePartition, type OutgoingRecord, type Producer } from '@chat-cluster/log';
import { randomPurchase } from './random-purchase.ts';

export type Sending = {
  readonly producer: Producer;
  readonly partitionCount: number;
  /** Purchases a second. */
  readonly rate: number;
  /** Undefined: until the signal. */
  readonly count: number | undefined;
  readonly random: Random;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  /** Called with each user's id before the purchase is sent. */
  readonly onSend?: (userId: string) => void;
};

/**
 * Sends random purchases at an even rate, each to the home of its user. Resolves with how many were sent and
 * acknowledged, at the count or soon after the signal; rejects with a LogError. What is late is sent as soon as can be,
 * in rounds, one at a time.
 */
export async function sendPurchases(sending: Sending): Promise<number> {
  const { rate, count = Infinity, clock, timers, signal } = sending;
  const startMs = clock.monotonicMs();
  let sentCount = 0;
  while (sentCount < count && !signal.aborted) {
    const dueCount = Math.floor(((clock.monotonicMs() - startMs) * rate) / 1_000) + 1;
    const roundCount = Math.min(dueCount - sentCount, count - sentCount, ROUND_COUNT_MAX);
    if (roundCount > 0) {
      await sendRound(sending, roundCount);
      sentCount += roundCount;
    } else {
      const dueMs = startMs + (sentCount * 1_000) / rate;
      await sleep(timers, Math.max(dueMs - clock.monotonicMs(), ROUND_MS));
    }
  }
  return sentCount;
}

/** A fast producer sends as many at a time as are due in this. */
const ROUND_MS = 20;
/** About 100 bytes each: far below the 1 MiB of one send, even if all go to one partition. */
const ROUND_COUNT_MAX = 5_000;

async function sendRound(sending: Sending, count: number): Promise<void> {
  const { producer, partitionCount, random, onSend } = sending;
  const batches = new Map<number, OutgoingRecord[]>();
  for (let index = 0; index < count; index += 1) {
    const purchase = randomPurchase(random);
    onSend?.(purchase.userId);
    const key = Buffer.from(purchase.userId);
    const partition = homePartition(key, partitionCount);
    const batch = batches.get(partition) ?? [];
    batches.set(partition, batch);
    batch.push({ key, value: encodeUserPurchase(purchase), headers: [] });
  }
  await Promise.all(
    [...batches].map(([partition, records]) =>
      producer.send({ topic: userEvents.name, partition }, records),
    ),
  );
}
