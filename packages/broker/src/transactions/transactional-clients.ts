import assert from 'node:assert/strict';
import { ErrorCode } from '../wire/error-codes.ts';
import { nameOf, type PartitionEntry } from './simulated-logs.ts';
import type { TransactionCoordinator } from './transaction-coordinator.ts';
import { TIMEOUT_MS, TOPIC } from './transaction-harness.ts';
import { NO_PRODUCER, type ProducerIdentity } from './transaction.ts';

/** One transaction as its client knows it. */
export type Attempt = {
  readonly id: number;
  readonly transactionalId: string;
  readonly partitions: Set<number>;
  /** Values that were acknowledged. */
  readonly acknowledged: Set<string>;
  hasOffset: boolean;
  /** An answer was lost or refused: it must not be committed any more. */
  isSpoilt: boolean;
  /** The direction that EndTxn was sent with: from then on only that one is sent. */
  ends?: 'commit' | 'abort';
  /** What the client was told. */
  outcome: 'open' | 'committed' | 'aborted' | 'unknown';
};

/** What a client knows of a broker. */
export type TransactionalBroker = {
  readonly coordinator: TransactionCoordinator;
  /** Appends a batch with one value; resolved when durable. Rejects when the power fails. */
  append(producer: ProducerIdentity, partition: number, value: string): Promise<ErrorCode>;
};

/** The contents of all partitions, by `nameOf`. */
export type PartitionEntries = { entriesOf(log: string): readonly PartitionEntry[] };

const FENCED: readonly number[] = [
  ErrorCode.PRODUCER_FENCED,
  ErrorCode.INVALID_PRODUCER_EPOCH,
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
];
const UNAVAILABLE: readonly number[] = [
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.CONCURRENT_TRANSACTIONS,
];

/**
 * A transactional client that keeps promise 5 of the design: EndTxn is sent again until it is
 * answered; after any other lost answer the transaction is aborted and the epoch bumped.
 */
export class TransactionalClient {
  readonly attempts: Attempt[] = [];
  readonly #transactionalId: string;
  readonly #broker: () => TransactionalBroker;
  readonly #newId: () => number;
  #producer: ProducerIdentity | undefined;
  #needsBump = false;
  #isBusy = false;

  constructor(of: {
    transactionalId: string;
    broker: () => TransactionalBroker;
    newId: () => number;
  }) {
    this.#transactionalId = of.transactionalId;
    this.#broker = of.broker;
    this.#newId = of.newId;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Sends the next request, unless one is under way. */
  async step(choice: number): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await this.#send(choice);
    } finally {
      this.#isBusy = false;
    }
  }

  async #send(choice: number): Promise<void> {
    const producer = this.#producer;
    if (producer === undefined || this.#needsBump) return this.#init();
    const attempt = this.attempts.findLast(({ outcome }) => outcome === 'open') ?? this.#begin();
    if (attempt.ends) return this.#end(producer, attempt, attempt.ends);
    if (attempt.isSpoilt) return this.#end(producer, attempt, 'abort');
    const written = [...attempt.partitions];
    const action = choice % 7;
    if (written.length === 0 || action === 0) return this.#add(producer, attempt, choice % 3);
    if (action <= 3) return this.#produce(producer, attempt, written[choice % written.length] ?? 0);
    if (action === 4) return this.#commitOffset(producer, attempt);
    await this.#end(producer, attempt, action === 5 ? 'commit' : 'abort');
  }

  async #init(): Promise<void> {
    const { coordinator } = this.#broker();
    const claimed = this.#producer ?? NO_PRODUCER;
    const transactionalId = this.#transactionalId;
    const result = await coordinator.initProducer({
      ...{ transactionalId, claimed, timeoutMs: TIMEOUT_MS },
    });
    if (UNAVAILABLE.includes(result.errorCode)) return;
    const isTaken = result.errorCode === ErrorCode.NONE;
    this.#producer = isTaken ? result : undefined;
    this.#needsBump = false;
  }

  #begin(): Attempt {
    const attempt: Attempt = {
      id: this.#newId(),
      transactionalId: this.#transactionalId,
      partitions: new Set(),
      acknowledged: new Set(),
      hasOffset: false,
      isSpoilt: false,
      outcome: 'open',
    };
    this.attempts.push(attempt);
    return attempt;
  }

  async #add(producer: ProducerIdentity, attempt: Attempt, partition: number): Promise<void> {
    const request = { ...producer, transactionalId: this.#transactionalId };
    const { coordinator } = this.#broker();
    const code = await coordinator.addPartitions(request, [{ topic: TOPIC, partition }]);
    if (this.#isTaken(attempt, Number(code))) attempt.partitions.add(partition);
  }

  async #produce(producer: ProducerIdentity, attempt: Attempt, partition: number): Promise<void> {
    const value = `${attempt.id}:${attempt.acknowledged.size}`;
    try {
      const code = await this.#broker().append(producer, partition, value);
      if (this.#isTaken(attempt, code)) attempt.acknowledged.add(value);
    } catch {
      attempt.isSpoilt = true;
    }
  }

  async #commitOffset(producer: ProducerIdentity, attempt: Attempt): Promise<void> {
    const { coordinator } = this.#broker();
    const transactionalId = this.#transactionalId;
    const request = { ...producer, transactionalId, groupId: transactionalId };
    const added = coordinator.addGroup(request, request.groupId);
    const committed = coordinator.commitOffsets({
      ...request,
      ...{ generationId: -1, memberId: '', groupInstanceId: null },
      offsets: [{ topic: TOPIC, partition: 0, offset: attempt.id, leaderEpoch: 0, metadata: '' }],
    });
    if (!this.#isTaken(attempt, await added)) return void (await committed);
    const codes = await committed;
    const code = typeof codes === 'number' ? codes : (codes[0] ?? ErrorCode.NONE);
    if (this.#isTaken(attempt, code)) attempt.hasOffset = true;
  }

  async #end(
    producer: ProducerIdentity,
    attempt: Attempt,
    outcome: 'commit' | 'abort',
  ): Promise<void> {
    attempt.ends = outcome;
    const { coordinator } = this.#broker();
    const request = { ...producer, transactionalId: this.#transactionalId };
    const code = await coordinator.end(request, outcome);
    if (UNAVAILABLE.includes(code)) return;
    if (FENCED.includes(code)) {
      attempt.outcome = 'unknown';
      this.#producer = undefined;
      return;
    }
    if (code === ErrorCode.INVALID_TXN_STATE) {
      const isEmpty = attempt.acknowledged.size === 0 && !attempt.hasOffset;
      assert.ok(isEmpty || outcome === 'abort', 'what was acknowledged can be committed');
    }
    const isCommitted = outcome === 'commit' && code === ErrorCode.NONE;
    attempt.outcome = isCommitted ? 'committed' : 'aborted';
    if (attempt.isSpoilt) this.#needsBump = true;
  }

  #isTaken(attempt: Attempt, code: number): boolean {
    if (code === ErrorCode.NONE) return true;
    attempt.isSpoilt = true;
    if (FENCED.includes(code)) {
      attempt.outcome = 'unknown';
      this.#producer = undefined;
    }
    return false;
  }
}

/** What became of each value, by the markers of its partition. */
function fates(logs: PartitionEntries): Map<string, 'commit' | 'abort' | 'open'> {
  const fateOf = new Map<string, 'commit' | 'abort' | 'open'>();
  for (const partition of [0, 1, 2]) {
    const openOf = new Map<number, string[]>();
    for (const entry of logs.entriesOf(nameOf({ topicId: TOPIC, partition }))) {
      const open = openOf.get(entry.producerId) ?? [];
      openOf.set(entry.producerId, open);
      if (entry.kind === 'batch') {
        open.push(entry.value);
        fateOf.set(entry.value, 'open');
      } else {
        for (const value of open) fateOf.set(value, entry.outcome);
        open.length = 0;
      }
    }
  }
  return fateOf;
}

/** Asserts that every attempt happened as a whole or not at all, and as its client was told. */
export function assertAtomic(attempts: readonly Attempt[], logs: PartitionEntries): void {
  const fateOf = fates(logs);
  for (const attempt of attempts) {
    const values = [...fateOf.keys()].filter((value) => value.startsWith(`${attempt.id}:`));
    const found = new Set(values.map((value) => fateOf.get(value)));
    assert.ok(found.size <= 1, `attempt ${attempt.id} is in parts: ${[...found].join()}`);
    assert.ok(!found.has('open'), `attempt ${attempt.id} is still open`);
    if (attempt.outcome === 'committed') {
      for (const value of attempt.acknowledged) {
        assert.equal(fateOf.get(value), 'commit', `${value} was acknowledged and committed`);
      }
    }
    if (attempt.outcome === 'aborted' || attempt.ends !== 'commit') {
      assert.ok(!found.has('commit'), `attempt ${attempt.id} was not committed by its client`);
    }
  }
}

/**
 * The offsets that a group may have: of the last attempt that certainly committed one, or of a later
 * one of which neither its client nor a record tells.
 */
export function possibleOffsets(
  attempts: readonly Attempt[],
  logs: PartitionEntries,
): (number | 'none')[] {
  const fateOf = fates(logs);
  let possible: (number | 'none')[] = ['none'];
  for (const { id, outcome, acknowledged, hasOffset, ends } of attempts) {
    if (!hasOffset || ends !== 'commit') continue;
    const [value] = acknowledged;
    const isCommitted = outcome === 'committed' || fateOf.get(value ?? '') === 'commit';
    if (isCommitted) possible = [id];
    else if (value === undefined && outcome !== 'aborted') possible.push(id);
  }
  return possible;
}
