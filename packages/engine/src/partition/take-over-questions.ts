import type { Journal, ShardRow } from '@chat-cluster/journal';
import type { GroupDescription, Log } from '@chat-cluster/log';
import type { EngineTopics } from '../engine-topics.ts';
import type { Report } from '../management/report.ts';
import { Gathered } from './gathered.ts';
import type { InputFound } from './start-positions.ts';
import { transactionalIdPrefix } from './worker-identity.ts';

/** Of the event topic's partition. */
export type LogEnds = { readonly logStart: number; readonly highWatermark: number };

type TakeOverQuestionsOptions = {
  readonly log: Log;
  readonly journal: Journal;
  readonly topics: EngineTopics;
  readonly entityType: string;
  readonly groupId: string;
  readonly report: Report;
};

/** What taking over asks of log and journal; for all shards that come to a worker together it is asked at once. By partition, where nothing else is said. */
export class TakeOverQuestions {
  /** Of transactional ids of this group, those with an open transaction; each shard asks anew. */
  readonly ongoingIds: Gathered<number, readonly string[]>;
  /** The group as its coordinator tells it; each shard asks anew. */
  readonly group: Gathered<number, GroupDescription>;
  /** Fences these transactional ids; one that several shards ask for together once. */
  readonly fencings: Gathered<string, void>;
  /** What the group has committed, of each input. Rejects with unstable-offsets while a transaction is about to change one of them. */
  readonly committed: Gathered<number, readonly InputFound[]>;
  readonly rows: Gathered<number, ShardRow | undefined>;
  readonly logEnds: Gathered<number, LogEnds>;
  readonly #options: TakeOverQuestionsOptions;

  constructor(options: TakeOverQuestionsOptions) {
    this.#options = options;
    const { entityType, groupId, journal, log } = options;
    this.ongoingIds = new Gathered(async (asked) => {
      const ids = await log.admin.ongoingTransactionalIds(transactionalIdPrefix(groupId));
      return asked.map(() => ids);
    });
    this.group = new Gathered(async (asked) => {
      const group = await log.admin.describeGroup(groupId);
      return asked.map(() => group);
    });
    this.fencings = new Gathered<string, void>(async (ids) => {
      await Promise.all([...new Set(ids)].map((id) => this.#fence(id)));
      return ids.map(() => undefined);
    });
    this.committed = new Gathered((shards) => this.#committed(shards));
    this.rows = new Gathered((shards) => journal.readShards(entityType, shards));
    this.logEnds = new Gathered((shards) => this.#logEnds(shards));
  }

  #fence(id: string): Promise<void> {
    const { log, report } = this.#options;
    report('info', 'Fencing the open transaction of a worker that is gone.', { id });
    return log.admin.fence(id);
  }

  async #committed(shards: readonly number[]): Promise<readonly (readonly InputFound[])[]> {
    const { groupId, log, topics } = this.#options;
    const { inputs } = topics;
    const partitions = shards.flatMap((partition) => inputs.map((topic) => ({ topic, partition })));
    const found = await log.admin.committedOffsets({ groupId, partitions });
    return shards.map((_, index) =>
      inputs.map((topic, at) => ({
        topic,
        topicId: topics.get(topic).topicId,
        committed: found[index * inputs.length + at],
      })),
    );
  }

  async #logEnds(shards: readonly number[]): Promise<readonly LogEnds[]> {
    const { log, topics } = this.#options;
    const topic = topics.names.events;
    const found = await log.admin.listOffsets([
      ...shards.map((partition) => ({ topic, partition, at: 'earliest' as const })),
      ...shards.map((partition) => ({ topic, partition, at: 'latest' as const })),
    ]);
    return shards.map((_, index) => ({
      logStart: found[index] ?? 0,
      highWatermark: found[shards.length + index] ?? 0,
    }));
  }
}
