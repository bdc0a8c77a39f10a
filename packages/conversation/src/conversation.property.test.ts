import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeConversationQuestion, type LatestMessagesBlock } from '@chat-cluster/contract';
import { ConversationHarness } from './conversation-harness.ts';

type Sent = {
  readonly sender: string;
  readonly body: string;
  readonly messageId: string | undefined;
};

/**
 * The rules in the plainest form: all messages in a list, and duplicates looked for in it one by
 * one.
 */
type Model = { readonly messages: Sent[] };

function duplicateSeq({ messages }: Model, { sender, messageId }: Sent): number | undefined {
  let idBytes = 0;
  for (let seq = messages.length - 1; seq >= Math.max(0, messages.length - 1_000); seq -= 1) {
    const message = messages[seq]!;
    if (message.messageId === undefined) continue;
    idBytes += Buffer.byteLength(message.messageId);
    if (idBytes > 64 * 1024) return undefined;
    if (message.sender === sender && message.messageId === messageId) return seq;
  }
  return undefined;
}

function sendBoth(model: Model, chat: ConversationHarness, message: Sent): void {
  const decision = chat.send(message);
  assert.ok(decision.kind === 'decided');
  const knownSeq = message.messageId === undefined ? undefined : duplicateSeq(model, message);
  const isNew = knownSeq === undefined;
  assert.deepEqual(decision.reply, {
    conversationMsgSeq: knownSeq ?? model.messages.length,
    duplicate: !isNew,
  });
  assert.equal(decision.events.length, isNew ? 1 : 0);
  assert.equal(decision.outputs.length, isNew ? 1 : 0);
  if (isNew) model.messages.push(message);
}

class Send implements fc.Command<Model, ConversationHarness> {
  readonly #sent: readonly Sent[];

  constructor(sent: Sent, times: number) {
    // Numbered ids, so that many of them pass the limits; the same numbers come again with the next
    // such command.
    this.#sent = Array.from({ length: times }, (_, index) => ({
      ...sent,
      messageId: sent.messageId && `${index}${sent.messageId}`,
    }));
  }

  check(): boolean {
    return true;
  }

  run(model: Model, chat: ConversationHarness): void {
    for (const message of this.#sent) sendBoth(model, chat, message);
  }

  toString(): string {
    const { sender, body, messageId } = this.#sent[0]!;
    return `send(${sender}, ${body.length} units, id ${messageId?.length}, ${this.#sent.length} times)`;
  }
}

class Latest implements fc.Command<Model, ConversationHarness> {
  readonly #numMsgs: number;

  constructor(numMsgs: number) {
    this.#numMsgs = numMsgs;
  }

  check(): boolean {
    return true;
  }

  run({ messages }: Model, chat: ConversationHarness): void {
    const eventCount = chat.eventCount;
    const decision = chat.latest(this.#numMsgs);
    const answered = chat.answer(encodeConversationQuestion({ numMsgs: this.#numMsgs }));
    const [output] = decision.kind === 'decided' ? decision.outputs : [];
    assert.ok(answered.kind === 'answer' && output !== undefined);
    assert.deepEqual(answered.bytes, output.value);
    assert.equal(chat.eventCount, eventCount);
    assert.ok(decision.kind === 'decided' && decision.outputs.length === 1);
    const text = Buffer.from(decision.outputs[0]!.value).toString();
    const block = JSON.parse(text) as LatestMessagesBlock;
    const expected = messages
      .map(({ sender, body }, seq) => [sender, body, seq])
      .slice(-this.#numMsgs);
    const isWhole = block.latestChatter.length === expected.length;
    assert.deepEqual(block.latestChatter, expected.slice(-block.latestChatter.length || Infinity));
    assert.equal(block.truncated, isWhole ? undefined : true);
    if (!isWhole) assert.ok(Buffer.byteLength(text) > 900_000 - 70_000);
  }

  toString(): string {
    return `latest(${this.#numMsgs})`;
  }
}

class Between implements fc.Command<Model, ConversationHarness> {
  readonly #what: 'addEngineEvent' | 'restoreFromSnapshot' | 'restoreFromEvents';
  readonly #times: number;

  constructor(what: 'addEngineEvent' | 'restoreFromSnapshot' | 'restoreFromEvents', times = 1) {
    this.#what = what;
    this.#times = times;
  }

  check(): boolean {
    return true;
  }

  run(_model: Model, chat: ConversationHarness): void {
    for (let count = 0; count < this.#times; count += 1) chat[this.#what]();
  }

  toString(): string {
    return `${this.#what}(${this.#times})`;
  }
}

const sender = fc.constantFrom('bob', 'ann', 'b', 'ob');
const sent = fc.record(
  {
    sender,
    body: fc.oneof(
      { weight: 8, arbitrary: fc.string({ maxLength: 30 }) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 30_000 }).map((n) => 'é'.repeat(n)) },
    ),
    messageId: fc.option(fc.oneof(fc.constantFrom('m', 'mm', '1'), fc.constant('é'.repeat(120))), {
      nil: undefined,
    }),
  },
  { noNullPrototype: true },
);
const commands = fc.commands(
  [
    fc.tuple(sent, fc.constant(1)).map((args) => new Send(...args)),
    fc.tuple(sent, fc.integer({ min: 1, max: 700 })).map((args) => new Send(...args)),
    fc.integer({ min: 1, max: 1_000 }).map((numMsgs) => new Latest(numMsgs)),
    fc.integer({ min: 1, max: 300 }).map((times) => new Between('addEngineEvent', times)),
    fc.constant(new Between('restoreFromSnapshot')),
    fc.constant(new Between('restoreFromEvents')),
  ],
  { maxCommands: 12 },
);

test('a conversation answers as if it remembered everything', () => {
  fc.assert(
    fc.property(commands, (steps) => {
      fc.modelRun(() => ({ model: { messages: [] }, real: new ConversationHarness() }), steps);
    }),
    { numRuns: 100 },
  );
});
