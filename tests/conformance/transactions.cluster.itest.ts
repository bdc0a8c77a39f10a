import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startBroker, type Broker } from '@chat-cluster/broker';
import type { WireProducer } from '@chat-cluster/broker/testing';
import { startServices, type Services } from '../../tools/services/start-services.ts';
import { awaitCoordinators, createTopic } from './coordinators.ts';
import {
  SCENE_TOPIC,
  TransactionScene,
  type Asker,
  type SceneState,
} from './transaction-scenes.ts';

const KAFKA_PORT = 19_870;
const PARTITIONS = 3;
const STATES: readonly SceneState[] = [
  ...(['unknown', 'Empty', 'Ongoing', 'CompleteCommit', 'CompleteAbort'] as const),
  ...(['fenced', 'bumped'] as const),
];
const ASKERS: readonly Asker[] = ['itself', 'one epoch behind', 'one epoch ahead', 'a stranger'];

type Ask = (producer: WireProducer, scene: TransactionScene) => Promise<number>;

const requests: Readonly<Record<string, Ask>> = {
  'InitProducerId of a new producer': (producer) => producer.init(),
  'InitProducerId with its id and epoch': (producer) =>
    producer.init({ claimed: producer.producer }),
  'InitProducerId with no time-out': (producer) => producer.init({ timeoutMs: 0 }),
  'InitProducerId with too long a time-out': (producer) => producer.init({ timeoutMs: 900_001 }),
  'AddPartitionsToTxn of a partition that it has': (producer) => producer.addPartitions([0]),
  'AddPartitionsToTxn of a new partition': (producer) => producer.addPartitions([2]),
  'AddPartitionsToTxn of an unknown partition': (producer) => producer.addPartitions([99]),
  'AddOffsetsToTxn of a new group': (producer) => producer.addOffsets('another group'),
  'TxnOffsetCommit to a group that it has': (producer, { groupId }) =>
    producer.commitOffsets(groupId, [0], 9),
  'Produce to a partition that it has': (producer) => producer.produce([1], 'asked'),
  'Produce to another partition': (producer) => producer.produce([2], 'asked'),
  'EndTxn, commit': (producer) => producer.end(true),
  'EndTxn, abort': (producer) => producer.end(false),
};

const CLAIMING = ['InitProducerId with its id and epoch'] as const;

/** Where this broker answers otherwise, on purpose: request, state, asker, and what Kafka 4.1 says. */
const KNOWN_DIFFERENCES: readonly (readonly [string, SceneState, Asker, string])[] = [
  // An epoch that nobody was given is fenced. Kafka ends the transaction of the producer that has the id.
  [...CLAIMING, 'Ongoing', 'one epoch ahead', 'NONE → Empty, offset -1'],
  // A late duplicate of the request that gave the present epoch does not disturb what has been done since.
  [...CLAIMING, 'Ongoing', 'one epoch behind', 'NONE → Empty, offset -1'],
  [...CLAIMING, 'CompleteCommit', 'one epoch behind', 'NONE → Empty, offset 5'],
  [...CLAIMING, 'CompleteAbort', 'one epoch behind', 'NONE → Empty, offset -1'],
  // A transactional batch of no producer is no record that can be kept; Kafka keeps it.
  ...['Produce to a partition that it has', 'Produce to another partition'].flatMap((request) => [
    ...ASKERS.slice(0, 3).map(
      (asker) => [request, 'unknown', asker, 'NONE → , offset -1'] as const,
    ),
    [request, 'unknown', 'a stranger', 'INVALID_PRODUCER_ID_MAPPING → , offset -1'] as const,
  ]),
];

describe('transactions answer as real Kafka does', { timeout: 900_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'transactions-'));
  let services: Services;
  let broker: Broker;

  before(async () => {
    services = await startServices({ dir, cassandra: 0, kafkaPort: KAFKA_PORT });
    broker = await startBroker();
    for (const port of [KAFKA_PORT, broker.port]) {
      await createTopic(port, SCENE_TOPIC, PARTITIONS);
      await awaitCoordinators(port);
    }
  });
  after(async () => {
    await broker.close();
    await services.stop();
    rmSync(dir, { recursive: true });
  });

  for (const [name, ask] of Object.entries(requests)) {
    test(name, async () => {
      const [ours, theirs] = [await answersOf(broker.port, ask), await answersOf(KAFKA_PORT, ask)];
      for (const [request, state, asker, kafka] of KNOWN_DIFFERENCES) {
        if (request !== name) continue;
        const cell = `${state}, ${asker}`;
        assert.equal(theirs[cell], kafka);
        delete theirs[cell];
        delete ours[cell];
      }
      assert.deepEqual(ours, theirs);
    });
  }
});

/** By state and asker: the answer, and what became of the transaction. */
async function answersOf(port: number, ask: Ask): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const state of STATES) {
    for (const asker of ASKERS) {
      const scene = await TransactionScene.open(port, state);
      const answer = await scene.ask(asker, (producer) => ask(producer, scene));
      answers[`${state}, ${asker}`] = `${answer} → ${await scene.outcome()}`;
      scene.client.close();
    }
  }
  return answers;
}
