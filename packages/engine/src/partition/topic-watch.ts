import { LogError, type Log } from '@chat-cluster/log';
import type { EngineTopics } from '../engine-topics.ts';
import type { Report } from '../management/report.ts';

/**
 * Notices partitions that somebody adds to co-partitioned topics while the worker runs. They are not consumed: with another number the same key would have two homes. What is
 * there goes on; a worker that starts now is refused (find-topics.ts).
 */
export class TopicWatch {
  readonly #log: Log;
  readonly #topics: EngineTopics;
  readonly #report: Report;
  #troubles: readonly string[] = [];
  #isLooking = false;

  constructor(options: {
    readonly log: Log;
    readonly topics: EngineTopics;
    readonly report: Report;
  }) {
    this.#log = options.log;
    this.#topics = options.topics;
    this.#report = options.report;
  }

  /** Sentences that say what is wrong and what to do; as of the last look. */
  get troubles(): readonly string[] {
    return this.#troubles;
  }

  /** Asks how many partitions there are, and reports what is new. A broker that does not answer is asked again at the next look. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const troubles = await this.#look();
      for (const trouble of troubles) {
        if (!this.#troubles.includes(trouble)) this.#report('error', trouble);
      }
      this.#troubles = troubles;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
    } finally {
      this.#isLooking = false;
    }
  }

  async #look(): Promise<string[]> {
    const { inputs, names, shardCount } = this.#topics;
    const described = await this.#log.admin.describeTopics([...inputs, names.events]);
    return described.flatMap((topic) => {
      // One that is gone, or was created anew, is told by whoever reads it.
      if (topic?.topicId !== this.#topics.get(topic?.topic ?? names.events).topicId) return [];
      if (topic.partitionCount <= shardCount) return [];
      const whatToDo = topic.topic === names.events ? RESTORE : recreate(topic.topic, shardCount);
      return [`${partitionsAdded(topic, shardCount)} ${whatToDo}`];
    });
  }
}

function partitionsAdded(
  { topic, partitionCount }: { readonly topic: string; readonly partitionCount: number },
  shardCount: number,
): string {
  const [first, last] = [shardCount, partitionCount - 1];
  const which = first === last ? `partition ${first} is` : `partitions ${first} to ${last} are`;
  return `${topic} has ${partitionCount} partitions now, and its entities are placed over ${shardCount}: ${which} not consumed, because the same key would have two homes. What is placed goes on; a node that starts now is refused.`;
}

const RESTORE = 'Kafka takes no partitions away: restore the topic before a node has to start.';

function recreate(topic: string, shardCount: number): string {
  return `Stop what writes to ${topic}, wait until its shards are through, create it anew with ${shardCount} partitions, and send again what lies in the added ones.`;
}
