import { purchasesTopics, userEvents } from '@chat-cluster/contract/purchases';
import { assert, systemClock, systemRandom, systemTimers } from '@chat-cluster/kernel';
import { type Log, LogError } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { createMissingTopics } from '@chat-cluster/node';
import type { ProducerSettings } from './configuration.ts';
import { sendPurchases } from './send-purchases.ts';

/**
 * `chatcluster purchases producer`: sends purchases until it has sent enough, or is stopped. Resolves with the exit code.
 */
export async function runProducer(
  settings: ProducerSettings,
  says: { readonly print: (line: string) => void; readonly note: (line: string) => void },
): Promise<number> {
  const stopped = new AbortController();
  // The second one ends it, as it would without us.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
  const log = openKafkaLog({ bootstrap: settings.brokers, clientId: 'chatcluster-purchases' });
  try {
    const sentCount = await produce(log, settings, says.print, stopped.signal);
    says.note(`Sent ${sentCount} purchases.`);
    return 0;
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    says.note(error.message);
    return 1;
  } finally {
    await log.close();
  }
}

async function produce(
  log: Log,
  settings: ProducerSettings,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const { rate, count, isQuiet } = settings;
  await createMissingTopics(log.admin, { ...settings, topics: purchasesTopics });
  const [topic] = await log.admin.describeTopics([userEvents.name]);
  assert(topic !== undefined, 'A topic that was created is there.');
  return sendPurchases({
    producer: log.openProducer(),
    partitionCount: topic.partitionCount,
    rate,
    count,
    random: systemRandom,
    clock: systemClock,
    timers: systemTimers,
    signal,
    ...(!isQuiet && { onSend: (userId) => print(`Sending message to user ${userId}`) }),
  });
}
