import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { conversationEvents, instantMessageIn, instantMessageOut } from '@chat-cluster/contract';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { kafkaAddress } from '../../tools/services/kafka.ts';
import { type Services, startServices } from '../../tools/services/start-services.ts';
import { Answers } from './answers.ts';
import { assertClean } from './check.ts';
import { coordinatorOf, leaderOfMost, missingReplicas } from './kafka-brokers.ts';
import { Load } from './load.ts';
import { NodePair } from './node-pair.ts';
import { within } from './within.ts';

const KAFKA_PORT = 19_800;
const CASSANDRA_PORT = 19_810;
const CASSANDRA_HOSTS = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const KEYSPACE = 'leader_loss';
/** As a node and as the checker take it. */
const JOURNAL = `cassandra:${CASSANDRA_HOSTS.map((host) => `${host}:${CASSANDRA_PORT}`).join(',')}/${KEYSPACE}`;
const CHECKED_JOURNAL = `cassandra:${CASSANDRA_HOSTS.join(',')}:${CASSANDRA_PORT}/${KEYSPACE}`;
const REPLICA_COUNT = 3;
const PARTITION_COUNT = 12;
/** So many that some come up for the first time all the while: each of them is looked for in the journal. */
const CONVERSATION_COUNT = 3_000;
const MESSAGES_PER_SECOND = 100;
const SEED = 20_261_123;

/** Before the first kill, a minute at most. */
const WARM_LOOKS_MAX = 20;
const WARM_LOOK_MS = 3_000;
const WARM_DELAY_MS = 2_000;

/**
 * All partitions give messages out again within this. What it took is told; ten seconds is what an idle machine
 * keeps, and this is for one that runs six servers on two cores.
 */
const GOING_ON_MS = 40_000;
const IN_SYNC_WAIT_MS = 60_000;

describe('three brokers and three Cassandra nodes, three replicas, two in sync', () => {
  const dir = mkdtempSync(join(tmpdir(), 'leader-loss-'));
  let services: Services;
  let pair: NodePair;

  before(async () => {
    const ports = { kafkaPort: KAFKA_PORT, cassandraPort: CASSANDRA_PORT };
    services = await startServices({ dir, kafka: 3, cassandra: 3, ...ports });
    pair = await NodePair.start({
      kafkaPort: KAFKA_PORT,
      replicaCount: REPLICA_COUNT,
      journal: JOURNAL,
      partitionCount: PARTITION_COUNT,
    });
  });
  after(async () => {
    await pair[Symbol.asyncDispose]();
    await services.stop();
    rmSync(dir, { recursive: true });
  });

  it('a leader, the coordinator of the group and a Cassandra node are killed under load: nothing is lost, repeated or reordered', async (t) => {
    await pair.untilSettled();
    const indexes = Array.from({ length: REPLICA_COUNT }, (_, index) => index);
    const bootstrap = indexes.map((index) => kafkaAddress(KAFKA_PORT, index));
    const log = openKafkaLog({ bootstrap, clientId: 'leader-loss', requestTimeoutMs: 30_000 });
    t.after(() => log.close());
    await using answers = await Answers.watch(log);
    const load = new Load({
      log,
      partitionCount: PARTITION_COUNT,
      conversationCount: CONVERSATION_COUNT,
      messagesPerSecond: MESSAGES_PER_SECOND,
      seed: SEED,
    });
    const loaded = load.run();
    try {
      await warmUp(answers);
      say(t, `before: ${answers.takeDelays()}`);
      await loseBroker(t, answers, 'the leader of most partitions', leaderOfMostPartitions);
      await loseBroker(t, answers, "the group's coordinator", coordinatorOfGroup);
      await loseCassandra(t, answers);
      load.stop();
      await loaded;
      await pair.untilThrough();
      await pair.stop();
    } catch (error) {
      say(t, pair.log());
      throw error;
    } finally {
      load.stop();
    }
    assert.equal(load.failedCount, 0);
    const counts = await assertClean({
      kafkaPort: KAFKA_PORT,
      journal: ['--journal', CHECKED_JOURNAL],
    });
    say(t, JSON.stringify({ counts, sent: load.counts }));
    assert.ok(counts.inputs >= load.messageCount, 'What was acknowledged is in the log.');
    assert.equal(counts.outputs, counts.messages);
    assert.equal(counts.journalRows, counts.messages);
  });

  function leaderOfMostPartitions(): Promise<number> {
    const topics = [instantMessageIn.name, conversationEvents.name, instantMessageOut.name];
    return leaderOfMost(services.kafkaBootstrap, topics);
  }

  function coordinatorOfGroup(): Promise<number> {
    return coordinatorOf(services.kafkaBootstrap, 'chat');
  }

  async function loseBroker(
    t: TestContext,
    answers: Answers,
    what: string,
    choose: () => Promise<number>,
  ): Promise<void> {
    const victim = await choose();
    await lose(t, answers, what, () => services.killKafka(victim));
    await services.restartKafka(victim);
    await within(IN_SYNC_WAIT_MS, () => missingReplicas(services.kafkaBootstrap, REPLICA_COUNT));
    say(t, `all replicas are in sync; with that, silent for ${answers.takeSilenceMs()} ms`);
  }

  /** While it is away a chat node dies too, and comes back: it opens the journal, and takes over from it. */
  async function loseCassandra(t: TestContext, answers: Answers): Promise<void> {
    await lose(t, answers, 'a Cassandra node', () => services.killCassandra(0));
    await lose(t, answers, 'a chat node, while a Cassandra node is away', () =>
      pair
        .node(0)
        .program.kill()
        .then(() => undefined),
    );
    await pair.revive(0);
    await pair.untilSettled();
    await services.restartCassandra(0);
    say(t, `Cassandra is whole again; with that, silent for ${answers.takeSilenceMs()} ms`);
  }

  /** Resolves when all partitions give out messages that were sent after the kill. */
  async function lose(
    t: TestContext,
    answers: Answers,
    what: string,
    kill: () => Promise<void>,
  ): Promise<void> {
    answers.takeDelays();
    answers.takeSilenceMs();
    const killedMs = Date.now();
    await kill();
    await within(GOING_ON_MS, () => silentPartitions(answers, killedMs));
    say(
      t,
      `${what} was killed: all goes on after ${Date.now() - killedMs} ms; ` +
        `a partition was silent for ${answers.takeSilenceMs()} ms at most; ${answers.takeDelays()}`,
    );
  }
});

/** Waits until messages pass quickly, if they do: servers that have just started are slow, and a machine may be busy. */
async function warmUp(answers: Answers): Promise<void> {
  for (let look = 0; look < WARM_LOOKS_MAX; look += 1) {
    answers.takeDelays();
    await delay(WARM_LOOK_MS);
    const { answeredPartitionCount, longestDelayMs } = answers;
    if (answeredPartitionCount === PARTITION_COUNT && longestDelayMs < WARM_DELAY_MS) return;
  }
}

/** What is missing until every partition has given out something that was sent after this time. */
async function silentPartitions(answers: Answers, timeMs: number): Promise<string | undefined> {
  const silent = answers.silentSince(timeMs);
  return silent.length === 0 ? undefined : `The partitions ${silent.join(', ')} are silent.`;
}

function say(t: TestContext, sentence: string): void {
  t.diagnostic(`${(performance.now() / 1_000).toFixed(0)} s: ${sentence}`);
}
