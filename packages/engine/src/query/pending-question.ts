import { assert, unreachable } from '@chat-cluster/kernel';
import type { GroupMember } from '@chat-cluster/log';
import type { EntityAnswer, EntityDefinition } from '../entity/entity-definition.ts';
import type { Entity } from '../entity/entity.ts';
import type { Lease } from '../partition/lease.ts';
import type { Tenure } from '../partition/tenure.ts';
import type {
  Answer,
  AskOutcome,
  Question,
  Refused,
  RefusedCode,
} from '../routing/entity-owner.ts';
import type { ShardMap } from '../routing/shard-map.ts';
import { resolveHistory, type AskedHistory, type Threw } from '../shard/resolve-history.ts';
import type { ShardContext } from '../shard/shard-context.ts';
import type { Shard } from '../shard/shard.ts';

/** Where a question is; see docs/decisions/0006, "A question at the owner". Each stage is left forward only, but for `current`, which goes back to `lease`. */
type Stage =
  | { readonly at: 'taking-over' }
  | { readonly at: 'position' | 'entity' | 'history' }
  | { readonly at: 'commit'; readonly made: MadeOutcome; readonly eventNumber: number }
  | { readonly at: 'lease'; readonly made: MadeOutcome; readonly isConfirmed: boolean }
  | { readonly at: 'current'; readonly made: MadeOutcome }
  | { readonly at: 'done' };

/** What was made from the entity's state: an answer, or a refusal, which says as much of that state and goes out under the same conditions. */
type MadeOutcome = Exclude<AskOutcome, { kind: 'not-owner' }>;

export type QuestionContext<State, Command, Event> = {
  readonly context: Pick<
    ShardContext<State, Command, Event>,
    'clock' | 'definition' | 'historyReads' | 'journal' | 'limits' | 'timers'
  >;
  readonly workerName: string;
  readonly lease: Pick<Lease, 'holds'>;
  readonly member: Pick<GroupMember, 'confirm'>;
  readonly tenure: (partition: number) => Tenure | undefined;
  readonly shard: (partition: number) => Shard<State, Command, Event> | undefined;
  readonly map: () => ShardMap | undefined;
};

type PendingOptions<State, Command, Event> = QuestionContext<State, Command, Event> & {
  readonly question: Question;
  readonly partition: number;
  /** The entity is not in memory. */
  readonly onCold: (shard: Shard<State, Command, Event>, entityId: string) => void;
  /** Nothing tells when the lease holds: it has to be looked at again. */
  readonly onWithoutLease: () => void;
  readonly settle: (outcome: AskOutcome) => void;
};

/** One question on its way through the owner. `advance()` goes as far as it can now; whatever it waits for, somebody calls that again. */
export class PendingQuestion<State, Command, Event> {
  readonly #options: PendingOptions<State, Command, Event>;
  #tenure: Tenure | undefined;
  #shard: Shard<State, Command, Event> | undefined;
  #stage: Stage = { at: 'taking-over' };
  /** Nobody waits for what it reads any more. */
  readonly #ending = new AbortController();

  constructor(options: PendingOptions<State, Command, Event>) {
    this.#options = options;
  }

  get stage(): Stage['at'] {
    return this.#stage.at;
  }

  advance(): void {
    while (this.#step());
  }

  /** Nobody waits for it any more. */
  cancel(): void {
    this.#stage = { at: 'done' };
    this.#ending.abort(NOBODY_WAITS);
  }

  /** True when it came a stage further. */
  #step(): boolean {
    const stage = this.#stage;
    if (stage.at === 'done') return false;
    if (stage.at === 'taking-over') return this.#enter();
    assert(this.#tenure !== undefined && this.#shard !== undefined, 'It is in a shard by now.');
    if (!this.#tenure.lasts) return this.#settle(this.#notOwner());
    switch (stage.at) {
      case 'position':
        return this.#isIncluded(this.#shard) && this.#go({ at: 'entity' });
      case 'entity':
        return this.#answer(this.#shard);
      case 'commit':
        return (
          this.#shard.tail.eventNumberCommitted >= stage.eventNumber &&
          this.#go({ at: 'lease', made: stage.made, isConfirmed: false })
        );
      case 'lease':
        return this.#release(this.#tenure, stage);
      case 'history':
      case 'current':
        return false;
      default:
        return unreachable(stage, 'Stage');
    }
  }

  #enter(): boolean {
    const { partition, shard, tenure: tenureOf } = this.#options;
    const tenure = tenureOf(partition);
    if (!tenure?.lasts) return this.#settle(this.#notOwner());
    if (tenure.phase === 'taking-over') return false;
    this.#tenure = tenure;
    this.#shard = shard(partition);
    return this.#go({ at: 'position' });
  }

  #isIncluded(shard: Shard<State, Command, Event>): boolean {
    const { including } = this.#options.question;
    if (including === undefined) return true;
    const position = shard.positions().find(({ topic }) => topic === including.topic);
    assert(position !== undefined, 'The topic of a position is one of the inputs.');
    return position.offsetNext >= including.offsetNext;
  }

  /** Answers from the state as it is decided now. */
  #answer(shard: Shard<State, Command, Event>): boolean {
    const { context, onCold, question } = this.#options;
    const entity = shard.activeEntity(question.entityId);
    if (entity === undefined) {
      onCold(shard, question.entityId);
      return false;
    }
    // Its state is half-changed, and a decision that reads history holds it in memory. When that one commits, it is looked at again, and can be built anew.
    if (entity.mustBeRebuilt) return false;
    shard.entities.touch(entity, context.clock.monotonicMs(), 0);
    const { state, seqNext } = entity;
    const eventNumber = shard.tail.eventNumberLastOf(entity.id);
    if (state === undefined) {
      return this.#go({ at: 'commit', made: unreadable(entity), eventNumber });
    }
    const positions = shard.positions();
    const toAnswer = (bytes: Uint8Array): Answer => ({
      answer: bytes,
      seqNext,
      positions,
      worker: this.#options.workerName,
    });
    const given = run(context.definition, state, question, seqNext);
    if (given.kind === 'history') {
      this.#go({ at: 'history' });
      void this.#readHistory(shard, { id: entity.id, seqNext }, given, (made) =>
        this.#take(made, eventNumber, toAnswer),
      );
      return false;
    }
    return this.#take(given, eventNumber, toAnswer);
  }

  #take(
    made: Made<Event> | Threw,
    eventNumber: number,
    toAnswer: (bytes: Uint8Array) => Answer,
  ): boolean {
    if (made.kind === 'answer') {
      const answer = toAnswer(made.bytes);
      return this.#go({ at: 'commit', made: { kind: 'answered', answer }, eventNumber });
    }
    const reason =
      made.kind === 'threw'
        ? `The entity's code threw on this question (${made.reason}).`
        : made.reason;
    return this.#go({ at: 'commit', made: refused('invalid-question', reason), eventNumber });
  }

  async #readHistory(
    shard: Shard<State, Command, Event>,
    entity: { readonly id: string; readonly seqNext: number },
    asked: AskedHistory<Event, Made<Event>>,
    take: (made: Made<Event> | Threw) => boolean,
  ): Promise<void> {
    const { definition, historyReads, journal, limits, timers } = this.#options.context;
    const lasts = (): boolean => this.#stage.at === 'history' && shard.tenure.lasts;
    try {
      const { tail } = shard;
      const bytesMax = limits.questionHistoryBytesMax;
      const options = { definition, journal, tail, timers, lasts, bytesMax };
      // It keeps its place until the answer is made: until then it holds what was read.
      const made = await historyReads.run(
        () => resolveHistory<Event, Made<Event>>(options, entity, asked),
        { signal: this.#ending.signal },
      );
      if (made === undefined || !lasts()) return;
      take(made);
      this.advance();
    } catch (error) {
      // A history with a gap is the shard's trouble, as when a decision finds it.
      if (lasts()) shard.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The lease is looked at when the answer goes out: it was right at a time between question and answer. */
  #release(tenure: Tenure, { made, isConfirmed }: Extract<Stage, { at: 'lease' }>): boolean {
    const { lease, onWithoutLease, question } = this.#options;
    if (!lease.holds(tenure)) {
      onWithoutLease();
      return false;
    }
    if (isConfirmed || !question.isCurrent) return this.#settle(made);
    this.#stage = { at: 'current', made };
    void this.#confirm(tenure, made);
    return false;
  }

  /** A heartbeat that is sent now is sent after the question came. One of another generation than the one that confirms the tenure tells nothing of it. */
  async #confirm(tenure: Tenure, made: MadeOutcome): Promise<void> {
    let isConfirmed = false;
    try {
      const { generationId } = await this.#options.member.confirm();
      isConfirmed = tenure.isConfirmedBy(generationId);
    } catch {
      // It joins again, or is out of the group: then the tenure ends.
    }
    if (this.#stage.at !== 'current') return;
    this.#stage = { at: 'lease', made, isConfirmed };
    if (isConfirmed) this.advance();
    else this.#options.onWithoutLease();
  }

  #notOwner(): AskOutcome {
    return { kind: 'not-owner', map: this.#options.map() };
  }

  #go(stage: Stage): true {
    this.#stage = stage;
    return true;
  }

  #settle(outcome: AskOutcome): false {
    this.#stage = { at: 'done' };
    this.#ending.abort(NOBODY_WAITS);
    this.#options.settle(outcome);
    return false;
  }
}

/** Made once: one that is made for each question takes longer than its answer. */
const NOBODY_WAITS = new Error('Nobody waits for this question any more.');

/** An answer that waits for nothing more. */
type Made<Event> = Exclude<EntityAnswer<Event>, { kind: 'history' }>;

function run<State, Command, Event>(
  { answer }: EntityDefinition<State, Command, Event>,
  state: State,
  { entityId, question }: Question,
  seqNext: number,
): EntityAnswer<Event> | Threw {
  assert(answer !== undefined, 'Only a definition that answers is asked.');
  try {
    return answer(state, question, { entityId, seqNext });
  } catch (error) {
    return { kind: 'threw', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** An outcome that says what is wrong with the question. */
export function refused(code: RefusedCode, reason: string): Refused {
  return { kind: 'refused', code, reason };
}

function unreadable<State, Event>({ stateError, id }: Entity<State, Event>): Refused {
  const reason = `The state of entity ${JSON.stringify(id)} cannot be read: ${stateError ?? 'its code threw'}. Its records are parked; see the quarantine.`;
  return refused('unreadable-state', reason);
}
