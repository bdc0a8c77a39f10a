import { JournalError, type Journal, type ShardRow } from '@chat-cluster/journal';
import { sleep, type Timers } from '@chat-cluster/kernel';
import { LogError, type GroupMember, type Log, type LogErrorCode } from '@chat-cluster/log';
import type { ByteBudget } from '../backlog/byte-budget.ts';
import type { ShardTail } from '../backlog/shard-tail.ts';
import type { EngineLimits } from '../engine-limits.ts';
import type { EngineTopics } from '../engine-topics.ts';
import type { Report } from '../management/report.ts';
import type { FirstOffsets } from '../output/start-commit.ts';
import { Limiter } from '../recovery/limiter.ts';
import { backlogGap, readBacklog } from './read-backlog.ts';
import { ShardStoppedError } from './shard-stopped-error.ts';
import { startPositions, type InputFound, type StartPositions } from './start-positions.ts';
import { TakeOverQuestions, type LogEnds } from './take-over-questions.ts';
import type { Tenure } from './tenure.ts';
import { decodeIdentity, idsOfTheDead } from './worker-identity.ts';

/** A shard that is ready to run. */
export type TakenOver = {
  readonly tail: ShardTail;
  /** Input topic → the position to go on from. */
  readonly positions: ReadonlyMap<string, number>;
};

export type TakeOverOptions = {
  readonly log: Log;
  readonly journal: Journal;
  readonly member: GroupMember;
  readonly topics: EngineTopics;
  readonly entityType: string;
  readonly groupId: string;
  readonly timers: Timers;
  readonly report: Report;
  readonly backlogBudget: ByteBudget;
  readonly limits: EngineLimits;
  /** Of the youngest generation that this worker knows. */
  readonly memberNames: () => readonly string[];
  /** Commits the first offsets of inputs in a transaction of this worker; resolves when committed, rejects when the tenure ended. */
  readonly commitStart: (tenure: Tenure, first: FirstOffsets) => Promise<void>;
};

/** What is known of a shard before its backlog is read. */
type Found = {
  readonly row: ShardRow | undefined;
  readonly start: StartPositions;
  readonly ends: LogEnds;
};

/** The tenure ended meanwhile: nothing is to be done about it. */
export class TenureEndedError extends Error {
  override readonly name = 'TenureEndedError';
}

/** The heartbeat was acknowledged in another generation than the one that confirms the tenure now: one more will do. */
class NotConfirmedError extends Error {
  override readonly name = 'NotConfirmedError';
}

const BACKOFF_FIRST_MS = 20;
const BACKOFF_MAX_MS = 500;
/** How often the event topic is read again when it seems to lack events that the offsets count: markers of the predecessor may be late. */
const SHORT_READS_MAX = 20;
/** Room in the backlog is looked for this often. */
const ROOM_POLL_MS = 20;
/** Backlogs that are read at the same time: the first chunk of each is taken before its size is known. */
const BACKLOGS_READ_MAX = 8;

/**
 * Takes a partition over (promise 2), in this order, and each step only as long as the tenure lasts:
 * 1. fence the transactional ids of ours that are Ongoing and that no member holds;
 * 2. read the stable committed offsets;
 * 3. take the high watermark of the event topic's partition and read it, read_committed, from the journal position up to there: the backlog;
 * 4. have a heartbeat, sent after the high watermark was taken, acknowledged: only now is anything judged. What lies below the watermark does not change any more, so it is read meanwhile.
 *
 * The journal is asked for its position beside the first two: it only grows, and an older one makes the backlog longer. Shards that come together ask each question together, the first time;
 * after a trouble each goes on by itself, because a request fails for all who share it: a partition without a leader, or with a transaction pending, would keep the others.
 * Passing troubles of log and journal are tried again without end. Rejects with ShardStoppedError or TenureEndedError.
 */
export class TakeOver {
  readonly #options: TakeOverOptions;
  readonly #questions: TakeOverQuestions;
  readonly #readings = new Limiter(BACKLOGS_READ_MAX);

  constructor(options: TakeOverOptions) {
    this.#options = options;
    this.#questions = new TakeOverQuestions(options);
  }

  async take(tenure: Tenure): Promise<TakenOver> {
    let backoffMs = BACKOFF_FIRST_MS;
    for (let shortReads = 0; ;) {
      try {
        const taken = await this.#attempt(tenure);
        if (taken !== 'short') return taken;
        shortReads += 1;
        if (shortReads > SHORT_READS_MAX) {
          await this.#judged(tenure, () => Promise.reject(countDiffers(tenure.partition)));
        }
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.#options.report('warn', 'A shard cannot be taken over yet.', {
          shard: tenure.partition,
          error,
        });
      }
      assertLasts(tenure);
      await sleep(this.#options.timers, backoffMs);
      backoffMs = Math.min(BACKOFF_MAX_MS, backoffMs * 2);
    }
  }

  async #attempt(tenure: Tenure): Promise<TakenOver | 'short'> {
    const reading = this.#questions.rows.ask(tenure.partition);
    reading.catch(() => undefined); // it is looked at below: what asks the group ends before the next attempt
    await this.#fenceTheDead(tenure);
    const inputs = await this.#stableOffsets(tenure);
    const row = await reading;
    await this.#untilRoom(tenure);
    const start = await this.#judged(tenure, async () => {
      const where = { groupId: this.#options.groupId, partition: tenure.partition };
      return startPositions(where, inputs, row);
    });
    const ends = await this.#judged(tenure, () =>
      this.#unlessVanished(tenure, row, () => this.#questions.logEnds.ask(tenure.partition)),
    );
    assertLasts(tenure);
    const [confirmed, read] = await Promise.allSettled([
      this.#confirm(tenure),
      this.#judged(tenure, () =>
        this.#unlessVanished(tenure, row, () => this.#backlog(tenure, { row, start, ends })),
      ),
    ]);
    if (read.status === 'rejected') throw read.reason;
    const tail = read.value;
    if (tail === 'short') return tail;
    try {
      if (confirmed.status === 'rejected') throw confirmed.reason;
      return { tail, positions: await this.#placed(tenure, row, start, tail.eventNumberLast) };
    } catch (error) {
      tail.clear();
      throw error;
    }
  }

  /** Whoever finds that a shard must stop has to be its owner still: otherwise it may have read what is no longer true. */
  async #judged<T>(tenure: Tenure, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ShardStoppedError) await this.#confirm(tenure);
      throw error;
    }
  }

  async #confirm(tenure: Tenure): Promise<void> {
    const generation = await this.#options.member.confirm();
    assertLasts(tenure);
    if (!tenure.isConfirmedBy(generation.generationId)) throw new NotConfirmedError();
  }

  async #fenceTheDead(tenure: Tenure): Promise<void> {
    const { groupId, memberNames, timers } = this.#options;
    const ongoing = await this.#questions.ongoingIds.ask(tenure.partition);
    // Whoever is in this worker's own generation is not dead, as far as this generation knows: mostly there is nobody else.
    if (idsOfTheDead(groupId, ongoing, memberNames()).length === 0) return;
    let group = await this.#questions.group.ask(tenure.partition);
    while (group.state !== 'Stable') {
      assertLasts(tenure);
      await sleep(timers, BACKOFF_FIRST_MS);
      group = await this.#questions.group.ask(tenure.partition);
    }
    const names = group.members.flatMap(({ userData }) => decodeIdentity(userData)?.name ?? []);
    for (const id of idsOfTheDead(groupId, ongoing, names)) {
      assertLasts(tenure);
      await this.#questions.fencings.ask(id);
    }
  }

  async #stableOffsets(tenure: Tenure): Promise<readonly InputFound[]> {
    const { timers } = this.#options;
    for (;;) {
      assertLasts(tenure);
      try {
        return await this.#questions.committed.ask(tenure.partition);
      } catch (error) {
        if (!(error instanceof LogError) || error.code !== 'unstable-offsets') throw error;
        await sleep(timers, BACKOFF_FIRST_MS);
      }
    }
  }

  async #unlessVanished<T>(
    tenure: Tenure,
    row: ShardRow | undefined,
    ask: () => Promise<T>,
  ): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof LogError) || !VANISHED_CODES.has(error.code)) throw error;
      const { topics } = this.#options;
      throw eventTopicChanged(topics.names.events, tenure.partition, row, { cause: error });
    }
  }

  /** Over the bound shards are taken over one by one (promise 2): each reads its backlog when there is room for it. */
  async #untilRoom(tenure: Tenure): Promise<void> {
    while (this.#options.backlogBudget.isFull) {
      assertLasts(tenure);
      await sleep(this.#options.timers, ROOM_POLL_MS);
    }
  }

  async #backlog(
    tenure: Tenure,
    { ends: { highWatermark, logStart }, row, start: { eventNumber, mayHaveMoreEvents } }: Found,
  ): Promise<ShardTail | 'short'> {
    const { topics, backlogBudget } = this.#options;
    const { partition } = tenure;
    const { topic, topicId } = topics.get(topics.names.events);
    const position = row?.position ?? { offset: 0, eventNumber: 0 };
    if ((row !== undefined && row.eventTopicId !== topicId) || position.offset > highWatermark) {
      throw eventTopicChanged(topic, partition, row);
    }
    const range = {
      from: { topic, topicId, partition },
      position,
      offsetFrom: Math.max(position.offset, logStart),
      offsetUntil: highWatermark,
    };
    const tail = await this.#readings.run(async () => {
      await this.#untilRoom(tenure);
      const lasts = { budget: backlogBudget, assertLasts: () => assertLasts(tenure) };
      return readBacklog({ ...this.#options, ...lasts }, range);
    });
    const { eventNumberLast } = tail;
    if (eventNumberLast === eventNumber) return tail;
    if (eventNumberLast > eventNumber && mayHaveMoreEvents) return tail;
    tail.clear();
    if (eventNumberLast > eventNumber) throw countDiffers(partition);
    if (logStart > position.offset) throw backlogGap(partition, eventNumberLast + 1, eventNumber);
    return 'short';
  }

  /** Commits the first offsets of fresh inputs, then lists them in the shard row: a crash in between leaves offsets of ours, which the next one finds. */
  async #placed(
    tenure: Tenure,
    row: ShardRow | undefined,
    start: StartPositions,
    eventNumber: number,
  ): Promise<ReadonlyMap<string, number>> {
    const { log, topics, journal, entityType, commitStart } = this.#options;
    const { partition } = tenure;
    const positions = new Map(start.positions);
    if (start.fresh.length > 0) {
      const earliest = await log.admin.listOffsets(
        start.fresh.map((topic) => ({ topic, partition, at: 'earliest' as const })),
      );
      const offsets = new Map(start.fresh.map((topic, index) => [topic, earliest[index] ?? 0]));
      await commitStart(tenure, { offsets, eventNumber });
      for (const [topic, offset] of offsets) positions.set(topic, offset);
    }
    const ids = topics.inputs.map((topic) => topics.get(topic).topicId);
    if (ids.some((id) => row?.inputTopicIds[id] === undefined)) {
      const inputTopicIds = Object.fromEntries(ids.map((id, index) => [id, topics.inputs[index]!]));
      const eventTopicId = topics.get(topics.names.events).topicId;
      await journal.placeShard(entityType, { shard: partition, eventTopicId, inputTopicIds });
    }
    return positions;
  }
}

function assertLasts(tenure: Tenure): void {
  if (!tenure.lasts) throw new TenureEndedError();
}

/** Whether the same step may succeed later. A heartbeat that failed ends the tenure or not: that is seen before the next attempt. */
function isPassing(error: unknown): boolean {
  if (error instanceof NotConfirmedError) return true;
  if (error instanceof LogError) return error.retriable || PASSING_CODES.has(error.code);
  return error instanceof JournalError && error.retriable;
}

/** offset-out-of-range: retention moved the start of the event topic on while it was read. */
const PASSING_CODES: ReadonlySet<LogErrorCode> = new Set(['not-a-member', 'offset-out-of-range']);

const VANISHED_CODES: ReadonlySet<LogErrorCode> = new Set(['topic-recreated', 'unknown-topic']);

function eventTopicChanged(
  topic: string,
  partition: number,
  row: ShardRow | undefined,
  options?: { cause: unknown },
): ShardStoppedError {
  return new ShardStoppedError(
    'event-topic-changed',
    `The event topic ${topic} is not the one that shard ${partition} has written to (it was deleted, recreated or cut). Its events up to number ${row?.position.eventNumber ?? 0} are in the journal; restore the topic from a copy, or begin with an empty journal and a new group.`,
    options,
  );
}

function countDiffers(partition: number): ShardStoppedError {
  return new ShardStoppedError(
    'event-count-differs',
    `The event topic of shard ${partition} and the committed offsets disagree on how many events there are: somebody wrote to the event topic, or set the group's offsets back.`,
  );
}
