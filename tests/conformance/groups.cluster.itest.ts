import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startBroker, type Broker } from '@chat-cluster/broker';
import { startServices, type Services } from '../../tools/services/start-services.ts';
import { awaitCoordinators, createTopic } from './coordinators.ts';
import { groupEvents } from './group-events.ts';
import { GroupScene, nameOf, type ScenePhase } from './group-scenes.ts';

const KAFKA_PORT = 19_860;
const TOPIC = 'topic';
const PHASES: readonly ScenePhase[] = [
  'Empty',
  'PreparingRebalance',
  'CompletingRebalance',
  'Stable',
];

/** Where this broker answers otherwise, on purpose: event, phase, and what Kafka 4.1 says. */
const KNOWN_DIFFERENCES: readonly (readonly [event: string, phase: ScenePhase, kafka: string])[] = [
  // Kafka gives it the old assignment, so that it never gets what it has newly subscribed to.
  ['join of a known instance with another subscription', 'Stable', 'NONE'],
];

describe('groups answer as real Kafka does', { timeout: 600_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'groups-'));
  let services: Services;
  let broker: Broker;

  before(async () => {
    services = await startServices({ dir, cassandra: 0, kafkaPort: KAFKA_PORT });
    broker = await startBroker({ groups: { initialRebalanceDelayMs: 0 } });
    for (const port of [KAFKA_PORT, broker.port]) {
      await createTopic(port, TOPIC);
      await awaitCoordinators(port);
    }
  });
  after(async () => {
    await broker.close();
    await services.stop();
    rmSync(dir, { recursive: true });
  });

  for (const [name, ask] of Object.entries(groupEvents)) {
    test(name, async () => {
      const ours = await answersOf(broker.port, ask);
      const theirs = await answersOf(KAFKA_PORT, ask);
      for (const [event, phase, kafka] of KNOWN_DIFFERENCES) {
        if (event !== name) continue;
        assert.equal(theirs[phase], kafka);
        delete theirs[phase];
        delete ours[phase];
      }
      assert.deepEqual(ours, theirs);
    });
  }
});

async function answersOf(
  port: number,
  ask: (typeof groupEvents)[string],
): Promise<Partial<Record<ScenePhase, string>>> {
  const answers = PHASES.map(async (phase) => {
    const scene = await GroupScene.open({ port, topic: TOPIC, phase });
    const code = await ask(scene);
    scene.close();
    return [phase, nameOf(code)] as const;
  });
  return Object.fromEntries(await Promise.all(answers));
}
