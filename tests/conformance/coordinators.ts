import { ErrorCode, WireClient, WireProducer } from '@chat-cluster/broker/testing';
import { messages } from '@chat-cluster/broker/wire';

const { createTopics, findCoordinator, heartbeat } = messages;

const NOT_READY: readonly number[] = [
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
];
const KEY_TYPES = { group: 0, transaction: 1 };
const TRIES_MAX = 300;
const TRY_AFTER_MS = 100;

/** Waits until the broker coordinates groups and transactions; real Kafka makes topics for that first. */
export async function awaitCoordinators(port: number): Promise<void> {
  const client = await WireClient.connect(port);
  for (const keyType of Object.values(KEY_TYPES)) {
    await untilReady(async () => {
      const answer = await client.call(findCoordinator, 2, {
        key: 'probe',
        keyType,
        coordinatorKeys: [],
      });
      return answer.errorCode;
    });
  }
  const member = { groupId: 'probe', memberId: 'probe', generationId: 1 };
  await untilReady(async () => (await client.call(heartbeat, 3, member)).errorCode);
  const producer = new WireProducer(client, { transactionalId: 'probe', topic: '' });
  await untilReady(() => producer.init());
  client.close();
}

export async function createTopic(port: number, name: string, partitions = 1): Promise<void> {
  const client = await WireClient.connect(port);
  await client.call(createTopics, 5, {
    topics: [
      { name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] },
    ],
    timeoutMs: 10_000,
  });
  client.close();
}

async function untilReady(ask: () => Promise<number>): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (!NOT_READY.includes(await ask())) return;
    await new Promise((resolve) => setTimeout(resolve, TRY_AFTER_MS));
  }
  throw new Error('The coordinators did not become ready.');
}
