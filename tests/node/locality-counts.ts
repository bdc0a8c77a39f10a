import assert from 'node:assert/strict';
import { instantMessageIn } from '@chat-cluster/contract';
import type { Log } from '@chat-cluster/log';
import { within } from '../crash/within.ts';
import type { Metrics, NodeProgram } from './node-program.ts';

/** Until everything that was sent is decided. */
const DECIDED_WAIT_MS = 60_000;

/** What nodes have counted, each for itself, since they started. */
export class NodeCounts {
  readonly #counts: readonly Metrics[];

  private constructor(counts: readonly Metrics[]) {
    this.#counts = counts;
  }

  static async of(nodes: readonly NodeProgram[]): Promise<NodeCounts> {
    return new NodeCounts(await Promise.all(nodes.map((node) => node.metrics())));
  }

  /** Resolves when these nodes have decided so many records since `before`, or more. */
  static async untilDecided(
    nodes: readonly NodeProgram[],
    before: NodeCounts,
    count: number,
  ): Promise<NodeCounts> {
    let counts = before;
    await within(DECIDED_WAIT_MS, async () => {
      counts = await NodeCounts.of(nodes);
      const decided = counts.sum('records_decided') - before.sum('records_decided');
      return decided >= count ? undefined : `Of ${count} records ${decided} are decided.`;
    });
    return counts;
  }

  sum(name: string): number {
    return this.each(name).reduce((sum, value) => sum + value, 0);
  }

  /** Node by node. */
  each(name: string): readonly number[] {
    return this.#counts.map((metrics) => metrics.get(name) ?? assert.fail(`It counts ${name}.`));
  }
}

export type InputCounts = {
  /** Offsets of the messages' topic, those of markers included. */
  readonly offsets: number;
  /** Records that lie there because another partition had them before. */
  readonly copies: number;
};

/** What the messages' topic shows, whatever nodes count. */
export async function inputCounts(log: Log): Promise<InputCounts> {
  const { name } = instantMessageIn;
  const [input] = await log.admin.describeTopics([name]);
  assert.ok(input);
  const { partitionCount, topic, topicId } = input;
  const counts = { offsets: 0, copies: 0 };
  for (let partition = 0; partition < partitionCount; partition++) {
    const [offsetUntil = 0] = await log.admin.listOffsets([{ topic, partition, at: 'latest' }]);
    counts.offsets += offsetUntil;
    await log.readRange({
      ...{ topic, topicId, partition, offsetFrom: 0, offsetUntil },
      visit: ({ headers }) => {
        if (headers.some(({ key }) => key === 'fw-from')) counts.copies += 1;
      },
    });
  }
  return counts;
}
