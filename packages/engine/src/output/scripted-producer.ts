import { assert } from '@chat-cluster/kernel';
import type { Transaction, TransactionalProducer, TransactionResult } from '@chat-cluster/log';

/** What a scripted producer answers: at once, or when the promise settles. */
export type ScriptedAnswer =
  | TransactionResult
  | ((signal: AbortSignal) => Promise<TransactionResult>);

export const committed: TransactionResult = { outcome: 'committed', baseOffsets: [] };

/** A producer for tests that keeps what it is asked to commit, and answers by its script; `committed` when that is over. */
export class ScriptedProducer implements TransactionalProducer {
  readonly transactions: Transaction[] = [];
  readonly script: ScriptedAnswer[];
  #isCommitting = false;

  constructor(...script: readonly ScriptedAnswer[]) {
    this.script = [...script];
  }

  async commit(transaction: Transaction, signal?: AbortSignal): Promise<TransactionResult> {
    assert(!this.#isCommitting, 'A transaction begins when the one before has ended.');
    assert(signal !== undefined, 'The loop can abort what it commits.');
    this.#isCommitting = true;
    this.transactions.push(transaction);
    const answer = this.script.shift() ?? committed;
    const result = await (typeof answer === 'function' ? answer(signal) : answer);
    this.#isCommitting = false;
    return result;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
