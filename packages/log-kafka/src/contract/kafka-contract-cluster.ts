import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection, deleteRecordsV2, deleteTopicsV6, metadataV12 } from '@platformatic/kafka';
import type { Log, TopicPartition } from '@chat-cluster/log';
import type { HeldTransaction, LogContractCluster } from '@chat-cluster/log/contract';
import { openKafkaLog } from '../kafka-log.ts';
import { RawTransaction } from './raw-transaction.ts';

/**
 * A cluster of one Kafka broker for the contract tests of the log: logs under test, and what the tests need beside the
 * port, done with the bare requests of the client library.
 */
export class KafkaContractCluster implements LogContractCluster {
  readonly sessionTimeoutMsMin = 6_000;
  readonly #port: number;
  readonly #stop: () => Promise<void>;
  readonly #clientIds = new WeakMap<Log, string>();
  /** By client id: every connection that a log under test has made. */
  readonly #connections = new Map<string, Set<Connection>>();
  readonly #onInstance = (message: unknown): void => this.#notice(message);
  /** Of held transactions. */
  readonly #held: Connection[] = [];
  #logCount = 0;

  /** @param stop called when the tests are done */
  constructor(port: number, stop: () => Promise<void>) {
    this.#port = port;
    this.#stop = stop;
    subscribe(INSTANCES_CHANNEL, this.#onInstance);
  }

  transactionalIdsOf(transactionalId: string): readonly string[] {
    return [`${transactionalId}.0`, `${transactionalId}.1`];
  }

  openLog(): Log {
    this.#logCount += 1;
    const clientId = `contract-${this.#logCount}`;
    const log = openKafkaLog({ bootstrap: [{ host: HOST, port: this.#port }], clientId });
    this.#clientIds.set(log, clientId);
    return log;
  }

  breakConnections(log: Log): void {
    const clientId = this.#clientIds.get(log);
    const connections = clientId === undefined ? undefined : this.#connections.get(clientId);
    for (const connection of connections ?? []) {
      connection.socket?.destroy(new Error('The test breaks it.'));
    }
    connections?.clear();
  }

  async deleteTopic(topic: string): Promise<void> {
    const connection = await connect(this.#port);
    await deleteTopicsV6.api.async(connection, [{ name: topic }], 10_000);
    for (;;) {
      const isGone = await metadataV12.api.async(connection, [topic], false, false).then(
        () => false,
        () => true, // the library throws UNKNOWN_TOPIC_OR_PARTITION
      );
      if (isGone) break;
      await delay(10);
    }
    await connection.close();
  }

  async deleteRecords(at: TopicPartition & { readonly offsetBefore: number }): Promise<void> {
    const connection = await connect(this.#port);
    const { topic, partition, offsetBefore } = at;
    const partitions = [{ partitionIndex: partition, offset: BigInt(offsetBefore) }];
    await deleteRecordsV2.api.async(connection, [{ name: topic, partitions }], 10_000);
    await connection.close();
  }

  async holdTransaction(options: {
    readonly transactionalId: string;
    readonly transactionTimeoutMs: number;
  }): Promise<HeldTransaction> {
    const connection = await connect(this.#port);
    this.#held.push(connection);
    return RawTransaction.open(connection, options);
  }

  async close(): Promise<void> {
    unsubscribe(INSTANCES_CHANNEL, this.#onInstance);
    await Promise.all(this.#held.map((connection) => connection.close()));
    await this.#stop();
  }

  #notice(message: unknown): void {
    const { instance } = message as { instance: unknown };
    if (!(instance instanceof Connection) || typeof instance.context !== 'string') return;
    const known = this.#connections.get(instance.context) ?? new Set();
    this.#connections.set(instance.context, known);
    known.add(instance);
  }
}

const HOST = '127.0.0.1';
const INSTANCES_CHANNEL = 'plt:kafka:instances';

async function connect(port: number): Promise<Connection> {
  const connection = new Connection('contract-tests');
  connection.on('error', () => undefined); // the request under way fails too
  await connection.connect(HOST, port);
  return connection;
}
