import type { TestContext } from 'node:test';
import { WireClient } from '../server/wire-client.ts';
import { startBroker, type Broker, type BrokerOptions } from '../start-broker.ts';
import { produce } from '../wire/messages/00-produce.ts';
import { fetch } from '../wire/messages/01-fetch.ts';
import { createTopics } from '../wire/messages/19-create-topics.ts';

/** For tests: a broker in memory and a connection to it, both closed after the test. */
export async function openBroker(
  context: TestContext,
  options: BrokerOptions = {},
): Promise<{ broker: Broker; client: WireClient; connect: () => Promise<WireClient> }> {
  const broker = await startBroker(options);
  const clients: WireClient[] = [];
  context.after(async () => {
    for (const client of clients) client.close();
    await broker.close();
  });
  const connect = async (): Promise<WireClient> => {
    const client = await WireClient.connect(broker.port);
    clients.push(client);
    return client;
  };
  return { broker, client: await connect(), connect };
}

export async function createTopic(
  client: WireClient,
  {
    name,
    partitions = 1,
    configs = {},
  }: { name: string; partitions?: number; configs?: Record<string, string> },
): Promise<string> {
  const answer = await client.call(createTopics, 7, {
    topics: [
      {
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 1000,
  });
  const created = answer.topics[0];
  if (created?.errorCode !== 0) throw new Error(created?.errorMessage ?? 'no answer');
  return created.topicId;
}

/** A Produce request of one batch. */
export function produceRequest(
  topic: string,
  records: Uint8Array,
  { partition = 0, acks = -1 }: { partition?: number; acks?: number } = {},
): Parameters<typeof produce.request.encode>[1] {
  return {
    acks,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
  };
}

/** A Fetch request (version 12 or older) of one partition of each topic. */
export function fetchRequest(
  topics: readonly string[],
  {
    offset = 0,
    maxWaitMs = 0,
    minBytes = 1,
    maxBytes = 1_000_000,
    partitionMaxBytes = 1_000_000,
    isolationLevel = 0,
  }: {
    offset?: number;
    maxWaitMs?: number;
    minBytes?: number;
    maxBytes?: number;
    partitionMaxBytes?: number;
    isolationLevel?: number;
  } = {},
): Parameters<typeof fetch.request.encode>[1] {
  return {
    maxWaitMs,
    minBytes,
    maxBytes,
    isolationLevel,
    topics: topics.map((topic) => ({
      topic,
      partitions: [{ partition: 0, fetchOffset: offset, partitionMaxBytes }],
    })),
    forgottenTopicsData: [],
  };
}
