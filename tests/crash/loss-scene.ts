import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { conversationEvents, instantMessageIn, instantMessageOut } from '@chat-cluster/contract';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { kafkaAddress } from '../../tools/services/kafka.ts';
import type { Services } from '../../tools/services/start-services.ts';
import { Answers } from './answers.ts';
import { coordinatorOf, leaderOfMost, missingReplicas } from './kafka-brokers.ts';
import { Load } from './load.ts';
import type { NodePair } from './node-pair.ts';
import { within } from './within.ts';

export type LossSceneOptions = {
  readonly t: TestContext;
  /** Three brokers, and what else may be lost. */
  readonly services: Services;
  readonly kafkaPort: number;
  readonly pair: NodePair;
  readonly partitionCount: number;
  readonly conversationCount: number;
  readonly seed: number;
  /** All partitions give messages out again within this. */
  readonly goingOnMs: number;
};

const REPLICA_COUNT = 3;
const MESSAGES_PER_SECOND = 100;

/** Before the first loss, a minute at most. */
const WARM_LOOKS_MAX = 20;
const WARM_LOOK_MS = 3_000;
const WARM_DELAY_MS = 2_000;
const IN_SYNC_WAIT_MS = 60_000;

/** Two chat nodes on three brokers, under load, of which something is lost: how long until everything goes on. */
export class LossScene {
  readonly #options: LossSceneOptions;
  readonly #answers: Answers;

  private constructor(options: LossSceneOptions, answers: Answers) {
    this.#options = options;
    this.#answers = answers;
  }

  /** Runs the losses under load, and resolves with what was acknowledged meanwhile, when all of it is through and both nodes have stopped. */
  static async play(
    options: LossSceneOptions,
    losses: (scene: LossScene) => Promise<void>,
  ): Promise<Load> {
    const { kafkaPort, pair } = options;
    const indexes = Array.from({ length: REPLICA_COUNT }, (_, index) => index);
    const bootstrap = indexes.map((index) => kafkaAddress(kafkaPort, index));
    const log = openKafkaLog({ bootstrap, clientId: 'losses', requestTimeoutMs: 30_000 });
    await pair.untilSettled();
    await using answers = await Answers.watch(log);
    const scene = new LossScene(options, answers);
    const load = new Load({ ...options, log, messagesPerSecond: MESSAGES_PER_SECOND });
    const loaded = load.run();
    try {
      await scene.#warmUp();
      scene.say(`before: ${answers.takeDelays()}`);
      await losses(scene);
      load.stop();
      await loaded;
      await pair.untilThrough();
      await pair.stop();
      return load;
    } catch (error) {
      scene.say(pair.log());
      throw error;
    } finally {
      load.stop();
      await log.close();
    }
  }

  /** kill -9 of the broker that leads most partitions, then of the one that coordinates the group; each comes back, and catches up. */
  async loseBrokers(): Promise<void> {
    const { services } = this.#options;
    const topics = [instantMessageIn.name, conversationEvents.name, instantMessageOut.name];
    const leader = await leaderOfMost(services.kafkaBootstrap, topics);
    await this.#loseBroker('the leader of most partitions', leader);
    const coordinator = await coordinatorOf(services.kafkaBootstrap, 'chat');
    await this.#loseBroker("the group's coordinator", coordinator);
  }

  /** Resolves when all partitions give out messages that were sent after the kill. */
  async lose(what: string, kill: () => Promise<unknown>): Promise<void> {
    const answers = this.#answers;
    answers.takeDelays();
    answers.takeSilenceMs();
    const killedMs = Date.now();
    await kill();
    await within(this.#options.goingOnMs, () => silentPartitions(answers, killedMs));
    this.say(
      `${what} was killed: all goes on after ${Date.now() - killedMs} ms; ` +
        `a partition was silent for ${answers.takeSilenceMs()} ms at most; ${answers.takeDelays()}`,
    );
  }

  /** Says that what was lost is back, and for how long a partition was silent meanwhile. */
  sayBack(what: string): void {
    this.say(`${what}; with that, silent for ${this.#answers.takeSilenceMs()} ms`);
  }

  say(sentence: string): void {
    this.#options.t.diagnostic(`${(performance.now() / 1_000).toFixed(0)} s: ${sentence}`);
  }

  async #loseBroker(what: string, victim: number): Promise<void> {
    const { services } = this.#options;
    await this.lose(what, () => services.killKafka(victim));
    await services.restartKafka(victim);
    await within(IN_SYNC_WAIT_MS, () => missingReplicas(services.kafkaBootstrap, REPLICA_COUNT));
    this.sayBack('all replicas are in sync');
  }

  /** Waits until messages pass quickly, if they do: servers that have just started are slow, and a machine may be busy. */
  async #warmUp(): Promise<void> {
    const answers = this.#answers;
    for (let look = 0; look < WARM_LOOKS_MAX; look += 1) {
      answers.takeDelays();
      await delay(WARM_LOOK_MS);
      const { answeredPartitionCount, longestDelayMs } = answers;
      const isWhole = answeredPartitionCount === this.#options.partitionCount;
      if (isWhole && longestDelayMs < WARM_DELAY_MS) return;
    }
  }
}

/** What is missing until every partition has given out something that was sent after this time. */
async function silentPartitions(answers: Answers, timeMs: number): Promise<string | undefined> {
  const silent = answers.silentSince(timeMs);
  return silent.length === 0 ? undefined : `The partitions ${silent.join(', ')} are silent.`;
}
