import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type GroupMember, type Log, LogError, type Transaction } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { startServices } from '../../tools/services/start-services.ts';

const KAFKA_PORT = 19_230;
const PARTITION_COUNT = 4;
const KILL_COUNT = 2;
const ROUNDS_BETWEEN_KILLS = 30;

test(
  'a broker that is killed under load loses no transaction, and repeats none',
  { timeout: 300_000 },
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'log-kafka-kill-'));
    const services = await startServices({ dir, cassandra: 0, kafkaPort: KAFKA_PORT });
    const log = openKafkaLog({
      bootstrap: [{ host: '127.0.0.1', port: KAFKA_PORT }],
      clientId: 'kill-test',
    });
    try {
      const worker = await Worker.open(log);
      for (let kill = 0; kill < KILL_COUNT; kill += 1) {
        await worker.commitRounds(ROUNDS_BETWEEN_KILLS);
        const restarting = delay(20 * kill)
          .then(() => services.killKafka(0))
          .then(() => services.restartKafka(0));
        await Promise.all([restarting, worker.commitRounds(ROUNDS_BETWEEN_KILLS)]);
      }
      await worker.assertAllIsThereOnce();
    } finally {
      await log.close();
      await services.stop();
      await rm(dir, { recursive: true });
    }
  },
);

/** Commits numbered transactions, each again until it is committed, and reads what becomes visible all the while. */
class Worker {
  readonly #log: Log;
  readonly #member: GroupMember;
  readonly #seen = new Map<number, string[]>();
  #producer: Awaited<ReturnType<Log['openTransactionalProducer']>>;
  #committed = 0;
  /** Transactions of unknown outcome: a taking over finds out by the offsets. */
  #takeOvers = 0;

  private constructor(
    log: Log,
    member: GroupMember,
    producer: Awaited<ReturnType<Log['openTransactionalProducer']>>,
  ) {
    this.#log = log;
    this.#member = member;
    this.#producer = producer;
  }

  static async open(log: Log): Promise<Worker> {
    const configs = {};
    const topics = [IN, OUT].map((topic) => ({
      ...{ topic, configs },
      partitionCount: PARTITION_COUNT,
      replicationFactor: 1,
    }));
    await log.admin.createTopics(topics);
    const partitions = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition);
    const member = log.openGroupMember({
      groupId: GROUP,
      topics: [IN],
      protocolName: 'all',
      userData: new Uint8Array(0),
      assignor: (members) =>
        new Map(members.map(({ memberId }) => [memberId, { partitions, userData: NOTHING }])),
    });
    await member.start({
      beforeJoin: () => Promise.resolve([]),
      onAssigned: () => undefined,
      onLost: () => undefined,
      onFatal: (error) => assert.fail(error),
    });
    const worker = new Worker(log, member, await log.openTransactionalProducer(WORKER));
    await worker.#read();
    return worker;
  }

  async commitRounds(count: number): Promise<void> {
    const until = this.#committed + count;
    while (this.#committed < until) {
      const generation = this.#member.current();
      if (!generation) {
        await delay(20);
        continue;
      }
      const result = await this.#producer.commit(transactionOf(this.#committed, generation));
      if (result.outcome === 'committed') this.#committed += 1;
      else if (result.outcome === 'fenced') await this.#takeOver();
      else await delay(20);
    }
  }

  async assertAllIsThereOnce(): Promise<void> {
    const expected = Array.from({ length: this.#committed }, (_, round) => `${round}`);
    const lastOf = (partition: number): string | undefined => this.#seen.get(partition)?.at(-1);
    for (let partition = 0; partition < PARTITION_COUNT; partition += 1) {
      while (lastOf(partition) !== expected.at(-1)) await delay(20);
      assert.deepEqual(this.#seen.get(partition), expected);
    }
    assert.equal(await this.#committedRounds(), this.#committed);
  }

  async #takeOver(): Promise<void> {
    this.#takeOvers += 1;
    assert.ok(this.#takeOvers < 20, 'A worker is not fenced time and again.');
    await this.#producer.close();
    this.#producer = await again(() => this.#log.openTransactionalProducer(WORKER));
    this.#committed = await this.#committedRounds();
  }

  async #committedRounds(): Promise<number> {
    const partitions = Array.from({ length: PARTITION_COUNT }, (_, partition) => ({
      topic: IN,
      partition,
    }));
    const offsets = await again(() =>
      this.#log.admin.committedOffsets({ groupId: GROUP, partitions }),
    );
    const rounds = new Set(offsets.map((committed) => committed?.offset ?? 0));
    assert.equal(rounds.size, 1, 'All offsets of a transaction, or none.');
    return [...rounds][0]!;
  }

  async #read(): Promise<void> {
    const [out] = await this.#log.admin.describeTopics([OUT]);
    const fetcher = this.#log.openFetcher(
      {},
      {
        onBatch: ({ partition, records }) => {
          const seen = this.#seen.get(partition) ?? [];
          this.#seen.set(partition, seen);
          for (const { value } of records) seen.push(Buffer.from(value ?? []).toString());
        },
        onPartitionError: (_at, error) => assert.fail(error),
      },
    );
    for (let partition = 0; partition < PARTITION_COUNT; partition += 1) {
      fetcher.add({ ...out!, partition }, 0);
    }
  }
}

const IN = 'in';
const OUT = 'out';
const GROUP = 'group';
const WORKER = { transactionalId: 'worker' };
const NOTHING = new Uint8Array(0);

function transactionOf(round: number, generation: Transaction['generation']): Transaction {
  const partitions = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition);
  const record = { key: null, value: Buffer.from(`${round}`), headers: [] };
  return {
    writes: partitions.map((partition) => ({ topic: OUT, partition, records: [record] })),
    groupId: GROUP,
    generation,
    offsets: partitions.map((partition) => ({
      topic: IN,
      partition,
      offsetNext: round + 1,
      metadata: '',
    })),
  };
}

/** While the broker is away, or offsets are pending. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof LogError) || !error.retriable || attempt > 500) throw error;
    }
    await delay(50);
  }
}
