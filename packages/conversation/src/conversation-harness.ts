import { assert } from '@chat-cluster/kernel';
import type { ConversationAnswer } from './answer.ts';
import type { ConversationCommand } from './commands.ts';
import { conversation } from './conversation.ts';
import type { Decision, PastEvent } from './decision.ts';

/**
 * One conversation with all that the engine does for it, for tests: events are kept as bytes,
 * history is read back from them.
 */
export class ConversationHarness {
  readonly #entityId: string;
  #state = conversation.initialState();
  /** By seq; undefined where the engine has an event of its own. */
  readonly #events: (Uint8Array | undefined)[] = [];
  /** The history that was asked for, as often as it was. */
  readonly asked: { readonly seqBefore: number; readonly countMax: number }[] = [];

  constructor(entityId = 'abc123') {
    this.#entityId = entityId;
  }

  get stateSizeBytes(): number {
    return conversation.stateSizeBytes(this.#state);
  }

  /** Events so far, the engine's own included. */
  get eventCount(): number {
    return this.#events.length;
  }

  /** Bytes that are put into a topic are read, decided about, and what was decided is applied. */
  receive(topic: keyof typeof conversation.inputs, value: string): Decision {
    const read = conversation.inputs[topic]!({ value: new TextEncoder().encode(value) });
    assert(read.ok, 'The test sends what can be read.');
    assert(read.entityId === this.#entityId, 'The test sends it to this conversation.');
    return this.handle(read.command);
  }

  send(message: {
    readonly sender: string;
    readonly body: string;
    readonly messageId?: string | undefined;
  }): Decision {
    const whole = { conversationKey: this.#entityId, recipients: ['ann'], ...message };
    return this.handle({ kind: 'send', message: whole });
  }

  latest(numMsgs: number): Decision {
    return this.handle(this.latestCommand(numMsgs));
  }

  latestCommand(numMsgs: number): ConversationCommand {
    return { kind: 'latest', request: { conversationKey: this.#entityId, numMsgs } };
  }

  handle(command: ConversationCommand): Decision {
    return this.finish(this.decide(command));
  }

  /** Asks the conversation itself. */
  answer(question: Uint8Array): ConversationAnswer {
    const context = { entityId: this.#entityId, seqNext: this.#events.length };
    let answered = conversation.answer(this.#state, question, context);
    for (let count = 0; answered.kind === 'history'; count++) {
      assert(count < ASKED_COUNT_MAX, 'Rules that ask for history come to an end.');
      answered = answered.resume(this.#history(answered.seqBefore, answered.countMax));
    }
    return answered;
  }

  /** What the rules decide at once, which may be that they need history first. */
  decide(command: ConversationCommand): Decision {
    return conversation.decide(this.#state, command, { seqNext: this.#events.length });
  }

  /** Answers questions for history until it is decided, and applies the events. */
  finish(decision: Decision): Decision {
    let decided = decision;
    while (decided.kind === 'history') {
      const { seqBefore, countMax } = decided;
      assert(this.asked.length < ASKED_COUNT_MAX, 'Rules that ask for history come to an end.');
      this.asked.push({ seqBefore, countMax });
      decided = decided.resume(this.#history(seqBefore, countMax));
    }
    if (decided.kind === 'decided') {
      for (const event of decided.events) this.#apply(conversation.encodeEvent(event));
    }
    return decided;
  }

  /** The engine writes an event of its own, which the rules never see. */
  addEngineEvent(): void {
    this.#events.push(undefined);
  }

  /** The entity leaves memory and comes back from a snapshot. */
  restoreFromSnapshot(): void {
    this.#state = conversation.decodeState(conversation.encodeState(this.#state));
  }

  /** The entity comes back from all its events. */
  restoreFromEvents(): void {
    const events = this.#history(this.#events.length, this.#events.length);
    this.#state = events.reduce(
      (state, { event }) => conversation.evolve(state, event),
      conversation.initialState(),
    );
  }

  #apply(bytes: Uint8Array): void {
    this.#events.push(bytes.slice());
    this.#state = conversation.evolve(this.#state, conversation.decodeEvent(bytes));
  }

  #history(seqBefore: number, countMax: number): readonly PastEvent[] {
    const seqFrom = Math.max(0, seqBefore - countMax);
    return this.#events.slice(seqFrom, seqBefore).flatMap((bytes, index) => {
      if (bytes === undefined) return [];
      return [{ seq: seqFrom + index, event: conversation.decodeEvent(bytes) }];
    });
  }
}

/** Far more than a test's questions. */
const ASKED_COUNT_MAX = 1_000;
