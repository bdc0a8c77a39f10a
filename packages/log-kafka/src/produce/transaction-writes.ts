import { produceV11 } from '@platformatic/kafka';
import { sleep } from '@chat-cluster/kernel';
import { type OutgoingRecord, recordSizeBytesMax, type Transaction } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import { readProduceAnswer } from '../codec/produce-answer.ts';
import { produceBody } from '../codec/produce-body.ts';
import { encodeRecordBatch } from '../codec/record-batch-encoder.ts';
import type { BrokerConnections } from '../connections/broker-connections.ts';
import type { Cluster, Node } from '../connections/cluster.ts';
import { kafkaError } from '../connections/kafka-errors.ts';
import { byTopic } from './by-topic.ts';
import {
  faultOfCode,
  faultOfFailure,
  type TransactionFault,
  worstOf,
} from './transaction-fault.ts';
import type { TransactionLane } from './transaction-lane.ts';

/** The records of a transaction: sends them to all leaders at once. */
export class TransactionWrites {
  readonly #context: AdapterContext;
  readonly #cluster: Cluster;
  /** To leaders. */
  readonly #connections: BrokerConnections;

  constructor(options: {
    readonly context: AdapterContext;
    readonly cluster: Cluster;
    readonly connections: BrokerConnections;
  }) {
    this.#context = options.context;
    this.#cluster = options.cluster;
    this.#connections = options.connections;
  }

  /** @returns for each of the writes the offset of its first record, which the others follow without a gap, or why not all were written */
  async send(
    lane: TransactionLane,
    writes: Transaction['writes'],
  ): Promise<{
    readonly baseOffsets: readonly number[];
    readonly fault: TransactionFault | undefined;
  }> {
    const baseOffsets = writes.map(() => NOT_WRITTEN);
    const leaders = new Map<number, { node: Node; batches: Batch[] }>();
    try {
      for (const [index, write] of writes.entries()) {
        const node = await this.#cluster.leaderOf(write.topic, write.partition);
        const leader = leaders.get(node.nodeId) ?? { node, batches: [] };
        leaders.set(node.nodeId, leader);
        leader.batches.push(...this.#batchesOf(lane, write, index));
      }
    } catch (error) {
      return { baseOffsets, fault: faultOfFailure(error) };
    }
    const faults = await Promise.all(
      [...leaders.values()].map(({ node, batches }) =>
        this.#sendToLeader({ lane, node, batches, baseOffsets }),
      ),
    );
    const fault = worstOf(faults.flat());
    if (fault) for (const { topic } of writes) this.#cluster.forgetTopic(topic);
    return { baseOffsets, fault };
  }

  /** Cuts a partition's records into batches that a topic accepts, in order. */
  #batchesOf(
    lane: TransactionLane,
    write: Transaction['writes'][number],
    writeIndex: number,
  ): Batch[] {
    const { topic, partition } = write;
    let countBefore = 0;
    return chunksOf(write).map((records, wave) => {
      const offsetDelta = countBefore;
      countBefore += records.length;
      const baseSequence = lane.sequences.nextOf(write);
      lane.sequences.advance(write, records.length);
      const bytes = encodeRecordBatch(records, {
        producerId: lane.producerId,
        producerEpoch: lane.producerEpoch,
        baseSequence,
        isTransactional: true,
        timestampMs: this.#context.clock.wallMs(),
      });
      return { topic, partition, batch: bytes, writeIndex, wave, offsetDelta };
    });
  }

  async #sendToLeader(to: LeaderWrites): Promise<TransactionFault[]> {
    try {
      // A request holds one batch a partition: further ones follow when those before them were appended.
      for (const wave of wavesOf(to.batches)) {
        const faults = await this.#sendWave(to, wave);
        if (faults.length > 0) return faults;
      }
      return [];
    } catch (error) {
      return [faultOfFailure(error)];
    }
  }

  /**
   * The leader asks the transaction's coordinator whether the partitions belong to it, and says NOT_ENOUGH_REPLICAS,
   * nothing appended, when that question was crowded out by another one of the same transaction: its offset commit.
   */
  async #sendWave(to: LeaderWrites, wave: readonly Batch[]): Promise<TransactionFault[]> {
    let batches = wave;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#produce(to, batches);
      const faults: TransactionFault[] = [];
      const notVerified: Batch[] = [];
      for (const batch of batches) {
        const { topic, partition } = batch;
        const result = answer.get(`${topic}/${partition}`);
        const errorCode = result?.errorCode ?? kafkaError.unknownServerError;
        if (errorCode === kafkaError.notEnoughReplicas) notVerified.push(batch);
        if (result && errorCode === kafkaError.none) {
          if (batch.wave === 0) to.baseOffsets[batch.writeIndex] = result.baseOffset;
          if (!isNext(to, batch, result.baseOffset)) faults.push(tornFault(batch));
        } else if (errorCode !== kafkaError.notEnoughReplicas || attempt >= VERIFY_ATTEMPTS_MAX) {
          faults.push(faultOfLeader(errorCode, `Writing to partition ${partition} of ${topic}`));
        }
      }
      if (faults.length > 0 || notVerified.length === 0) return faults;
      batches = notVerified;
      await sleep(this.#context.timers, VERIFY_WAIT_MS);
    }
  }

  async #produce(
    { lane, node }: LeaderWrites,
    batches: readonly Batch[],
  ): Promise<ReturnType<typeof readProduceAnswer>> {
    const connection = await this.#connections.get(node);
    const topics = byTopic(batches).map(([topic, partitions]) => ({ topic, partitions }));
    return connection.send({
      apiKey: produceV11.api.key,
      apiVersion: produceV11.api.version,
      body: produceBody(topics, {
        transactionalId: lane.transactionalId,
        timeoutMs: this.#context.settings.requestTimeoutMs,
      }),
      parse: readProduceAnswer,
    });
  }
}

/** The coordinator has just found the topic, so a leader that does not know it is no longer its leader. */
function faultOfLeader(errorCode: number, what: string): TransactionFault {
  const fault = faultOfCode(errorCode, what);
  const isUnknown = errorCode === kafkaError.unknownTopicOrPartition;
  return isUnknown ? { ...fault, reason: 'unavailable' } : fault;
}

/** The owner counts a write's offsets from its first one. */
function isNext({ baseOffsets }: LeaderWrites, batch: Batch, baseOffset: number): boolean {
  return baseOffset === (baseOffsets[batch.writeIndex] ?? NOT_WRITTEN) + batch.offsetDelta;
}

/** The marker of the transaction before, on the other lane, may come between two batches. Sent again, it lies behind. */
function tornFault({ topic, partition }: Batch): TransactionFault {
  const message = `Something lies between the batches for partition ${partition} of ${topic}.`;
  return { reason: 'unavailable', message, mustBump: true };
}

/** What one leader is sent, and where the offsets go. */
type LeaderWrites = {
  readonly lane: TransactionLane;
  readonly node: Node;
  readonly batches: readonly Batch[];
  readonly baseOffsets: number[];
};

/** About 50 ms; a leader that lacks replicas for longer aborts the transaction. */
const VERIFY_ATTEMPTS_MAX = 25;
const VERIFY_WAIT_MS = 1;

type Batch = {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
  /** Which of the transaction's writes it belongs to, and its place among that one's batches. */
  readonly writeIndex: number;
  readonly wave: number;
  /** Records of the write in the batches before. */
  readonly offsetDelta: number;
};

const NOT_WRITTEN = -1;

function chunksOf({
  records,
  sizeBytesMax,
}: Transaction['writes'][number]): (readonly OutgoingRecord[])[] {
  if (sizeBytesMax !== undefined && sizeBytesMax <= BATCH_BYTES_MAX) return [records];
  const chunks: (readonly OutgoingRecord[])[] = [];
  let from = 0;
  let sizeBytes = 0;
  for (let index = 0; index < records.length; index += 1) {
    const recordBytes = recordSizeBytesMax(records[index]!);
    if (index > from && sizeBytes + recordBytes > BATCH_BYTES_MAX) {
      chunks.push(records.slice(from, index));
      from = index;
      sizeBytes = 0;
    }
    sizeBytes += recordBytes;
  }
  chunks.push(from === 0 ? records : records.slice(from));
  return chunks;
}

/** Below the default limit of a topic (1,048,588), with the batch's header. */
const BATCH_BYTES_MAX = 1_000_000;

function wavesOf(batches: readonly Batch[]): Batch[][] {
  const waves: Batch[][] = [];
  for (const batch of batches) (waves[batch.wave] ??= []).push(batch);
  return waves;
}
