import { homePartition } from '@chat-cluster/log';
import type { EngineLimits } from '../engine-limits.ts';
import type { EngineTopics } from '../engine-topics.ts';
import { entityIdProblem } from '../entity/entity-id.ts';
import type { AskOutcome, InputPosition, Question } from '../routing/entity-owner.ts';
import type { Shard } from '../shard/shard.ts';
import { reasonOf } from './abort-reason.ts';
import { PendingQuestion, refused, type QuestionContext } from './pending-question.ts';

type QuestionsOptions<State, Command, Event> = QuestionContext<State, Command, Event> & {
  readonly topics: EngineTopics;
  readonly limits: Pick<EngineLimits, 'questionsMax'>;
};

/** Between two looks at a lease that does not hold. */
const LEASE_POLL_MS = 20;

/** The questions that wait at a worker, by shard. Whoever changes what they may wait for calls `look` or `decided`. */
export class Questions<State, Command, Event> {
  readonly #options: QuestionsOptions<State, Command, Event>;
  readonly #pending = new Map<number, Set<PendingQuestion<State, Command, Event>>>();
  /** Entities to be recovered in one go. */
  readonly #cold = new Map<Shard<State, Command, Event>, Set<string>>();
  #count = 0;
  #isPolling = false;

  constructor(options: QuestionsOptions<State, Command, Event>) {
    this.#options = options;
  }

  /** Under way. */
  get count(): number {
    return this.#count;
  }

  /** See EntityOwner.ask. What needs no waiting is answered in the turn in which it is asked. */
  ask(question: Question, signal: AbortSignal): Promise<AskOutcome> {
    if (signal.aborted) return Promise.reject(reasonOf(signal));
    const partition = homePartition(
      Buffer.from(question.entityId),
      this.#options.topics.shardCount,
    );
    const refusal = this.#refusal(question, partition);
    if (refusal !== undefined) return Promise.resolve(refusal);
    return new Promise((resolve, reject) => {
      const pending = new PendingQuestion({
        ...this.#options,
        question,
        partition,
        onCold: (shard, entityId) => this.#recover(shard, entityId),
        onWithoutLease: () => this.#poll(),
        settle: (outcome) => {
          this.#remove(partition, pending);
          signal.removeEventListener('abort', onAbort);
          resolve(outcome);
        },
      });
      const onAbort = (): void => {
        pending.cancel();
        this.#remove(partition, pending);
        reject(reasonOf(signal));
      };
      this.#add(partition, pending);
      signal.addEventListener('abort', onAbort, { once: true });
      pending.advance();
    });
  }

  /** Something of this shard has changed: its tenure, its entities, or what is committed. */
  look(partition: number): void {
    for (const pending of [...(this.#pending.get(partition) ?? [])]) pending.advance();
  }

  /** Records may have been decided, of any shard. */
  decided(): void {
    this.#lookAt('position');
  }

  #refusal({ entityId, including }: Question, partition: number): AskOutcome | undefined {
    const { context, limits, topics } = this.#options;
    if (context.definition.answer === undefined) {
      return refused(
        'invalid-question',
        `An entity of type ${context.definition.type} answers no questions.`,
      );
    }
    const idProblem = entityIdProblem(entityId);
    if (idProblem !== undefined) return refused('invalid-entity-id', idProblem);
    const positionProblem = including && problemOf(including, partition, topics);
    if (positionProblem !== undefined) return refused('invalid-position', positionProblem);
    if (this.#count < limits.questionsMax) return undefined;
    return refused(
      'overloaded',
      `More than ${limits.questionsMax} questions are under way here. Ask again later, or fewer at a time.`,
    );
  }

  #add(partition: number, pending: PendingQuestion<State, Command, Event>): void {
    this.#count += 1;
    const own = this.#pending.get(partition);
    if (own === undefined) this.#pending.set(partition, new Set([pending]));
    else own.add(pending);
  }

  #remove(partition: number, pending: PendingQuestion<State, Command, Event>): void {
    const own = this.#pending.get(partition);
    if (own?.delete(pending) !== true) return;
    this.#count -= 1;
    if (own.size === 0) this.#pending.delete(partition);
  }

  /** What is asked for in one go is recovered in one go: one bulk read, not one for each question. */
  #recover(shard: Shard<State, Command, Event>, entityId: string): void {
    if (this.#cold.size === 0) this.#options.context.timers.after(0, () => this.#recoverAll());
    const ids = this.#cold.get(shard);
    if (ids === undefined) this.#cold.set(shard, new Set([entityId]));
    else ids.add(entityId);
  }

  #recoverAll(): void {
    const cold = [...this.#cold];
    this.#cold.clear();
    for (const [shard, ids] of cold) {
      if (shard.tenure.lasts) shard.recover([...ids]);
    }
  }

  #poll(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    this.#options.context.timers.after(LEASE_POLL_MS, () => {
      this.#isPolling = false;
      this.#lookAt('lease');
    });
  }

  #lookAt(stage: PendingQuestion<State, Command, Event>['stage']): void {
    if (this.#count === 0) return;
    for (const own of [...this.#pending.values()]) {
      for (const pending of [...own]) if (pending.stage === stage) pending.advance();
    }
  }
}

function problemOf(
  { offsetNext, partition, topic, topicId }: InputPosition,
  home: number,
  topics: EngineTopics,
): string | undefined {
  if (!topics.inputs.includes(topic)) {
    return `${JSON.stringify(topic)} is not among the entity's input topics: ${topics.inputs.join(', ')}.`;
  }
  const found = topics.get(topic);
  if (found.topicId !== topicId) {
    return `The position is of another topic ${topic} (id ${topicId}) than there is now (id ${found.topicId}): it was created anew.`;
  }
  if (partition !== home) {
    return `The position is in partition ${partition}, but the entity lives on partition ${home}.`;
  }
  if (Number.isSafeInteger(offsetNext) && offsetNext >= 0) return undefined;
  return `${offsetNext} is no offset.`;
}
