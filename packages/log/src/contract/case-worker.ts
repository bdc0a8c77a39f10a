import assert from 'node:assert/strict';
import type { Generation } from '../group-member.ts';
import type { Log } from '../log.ts';
import type { TopicPartition } from '../record.ts';
import type {
  OffsetCommit,
  Transaction,
  TransactionalProducer,
  TransactionResult,
} from '../transactional-producer.ts';
import type { CaseMember } from './case-member.ts';
import { recordOf, type CaseTopic, type ContractCase } from './contract-case.ts';

/** A group member and a transactional producer, as a worker of the engine has them. */
export class CaseWorker {
  readonly groupId: string;
  readonly member: CaseMember;
  readonly producer: TransactionalProducer;
  readonly transactionalId: string;

  private constructor(
    groupId: string,
    member: CaseMember,
    transactional: { transactionalId: string; producer: TransactionalProducer },
  ) {
    this.groupId = groupId;
    this.member = member;
    this.producer = transactional.producer;
    this.transactionalId = transactional.transactionalId;
  }

  /** Opens one that has joined a group of its own, unless the group is given. */
  static async open(
    c: ContractCase,
    topics: readonly CaseTopic[],
    options: { readonly groupId?: string; readonly transactionalId?: string; log?: Log } = {},
  ): Promise<CaseWorker> {
    const {
      groupId = c.name('group'),
      transactionalId = c.name('txn'),
      log = c.openLog(),
    } = options;
    const producer = await log.openTransactionalProducer({ transactionalId });
    const { partitionCount } = topics[0]!;
    const names = topics.map(({ topic }) => topic);
    const member = c.openMember({ groupId, topics: names, partitionCount, name: 'worker' }, log);
    await member.start();
    return new CaseWorker(groupId, member, { transactionalId, producer });
  }

  get generation(): Generation {
    return this.member.member.current()!;
  }

  /** Commits with the current generation where none is given. */
  commit(transaction: Partial<Transaction>, signal?: AbortSignal): Promise<TransactionResult> {
    const { groupId } = this;
    const generation = transaction.generation ?? this.generation;
    const whole = { writes: [], offsets: [], groupId, ...transaction, generation };
    return this.producer.commit(whole, signal);
  }

  /** The same, and it has to succeed. Resolves with the base offsets. */
  async committed(transaction: Partial<Transaction>): Promise<readonly number[]> {
    const result = await this.commit(transaction);
    assert.equal(result.outcome, 'committed', JSON.stringify(result));
    return result.outcome === 'committed' ? result.baseOffsets : [];
  }
}

/** A write of texts to one partition. */
export function writeOf(
  { topic, partition }: TopicPartition,
  ...texts: readonly string[]
): Transaction['writes'][number] {
  return { topic, partition, records: texts.map(recordOf) };
}

/** An offset to be committed. */
export function offsetOf(
  { topic, partition }: TopicPartition,
  offsetNext: number,
  metadata = '',
): OffsetCommit {
  return { topic, partition, offsetNext, metadata };
}

/** Asserts that a transaction was aborted, and why. */
export function assertAborted(result: TransactionResult, reason: string): void {
  assert.equal(result.outcome, 'aborted', JSON.stringify(result));
  assert.ok(result.outcome === 'aborted');
  assert.equal(result.reason, reason, result.message);
}
