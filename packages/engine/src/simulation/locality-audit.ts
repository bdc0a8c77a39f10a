import type { FetchedBatch, Log } from '@chat-cluster/log';
import type { EngineHarness, HarnessNode } from '../engine-harness.ts';
import { headerText } from '../output/event-record.ts';

/** What became of the records of topic `add`, counted where the engine does not count. */
export type LocalityCounts = {
  /** Decided and committed, by whichever node. */
  readonly decided: number;
  /** Of these, on a node that had not fetched them. */
  readonly decidedElsewhere: number;
  /** Of these, on more than one node. */
  readonly decidedTwice: number;
  /** Records that another partition had before: the topic shows them. */
  readonly hops: number;
};

/**
 * Measures from outside of the engine whether records are decided where they were fetched: what each node fetched is seen between it and its log, what it has decided by the replies,
 * and hops in the topic.
 */
export class LocalityAudit {
  readonly #fetched = new Map<string, Set<string>>();

  /** The same log; what is fetched through it is counted for the node. */
  watch(node: string, log: Log): Log {
    const fetched = new Set<string>();
    this.#fetched.set(node, fetched);
    return {
      admin: log.admin,
      openGroupMember: (options) => log.openGroupMember(options),
      openFetcher: (options, listener) =>
        log.openFetcher(options, {
          onBatch: (batch) => {
            for (const position of positionsOf(batch)) fetched.add(position);
            listener.onBatch(batch);
          },
          onPartitionError: (at, error) => listener.onPartitionError(at, error),
        }),
      openTransactionalProducer: (options) => log.openTransactionalProducer(options),
      openProducer: () => log.openProducer(),
      readRange: (options) => log.readRange(options),
      close: () => log.close(),
    };
  }

  async count(harness: EngineHarness, nodes: readonly HarnessNode[]): Promise<LocalityCounts> {
    const decided = nodes.flatMap(({ name, replies }) =>
      replies.map(({ position }) => {
        const { topic, partition, offset } = position;
        return { name, position: `${topic}/${partition}/${offset}` };
      }),
    );
    const elsewhere = decided.filter(
      ({ name, position }) => this.#fetched.get(name)?.has(position) !== true,
    );
    const records = await harness.read('add');
    const hops = records.filter(({ headers }) => headerText(headers, 'fw-from') !== undefined);
    return {
      decided: decided.length,
      decidedElsewhere: elsewhere.length,
      decidedTwice: decided.length - new Set(decided.map(({ position }) => position)).size,
      hops: hops.length,
    };
  }
}

/** The share of records that were decided where they were fetched, and nowhere else: 1 is all of them. */
export function auditedLocality(counts: LocalityCounts): number {
  const { decided, decidedElsewhere, decidedTwice, hops } = counts;
  return 1 - (decidedElsewhere + decidedTwice + hops) / decided;
}

function positionsOf({ topic, partition, records }: FetchedBatch): string[] {
  return records.map(({ offset }) => `${topic}/${partition}/${offset}`);
}
