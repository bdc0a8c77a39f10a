import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LatestMessagesBlock } from '@chat-cluster/contract';
import { ConversationHarness } from './conversation-harness.ts';
import { conversation } from './conversation.ts';
import type { Decision } from './decision.ts';

type Decided = Extract<Decision, { kind: 'decided' }>;

function decided(decision: Decision): Decided {
  assert.equal(decision.kind, 'decided');
  return decision;
}

function outputOf(decision: Decision): { topic: string; key: string; text: string } {
  const [output, ...others] = decided(decision).outputs;
  assert.ok(output);
  assert.deepEqual(others, []);
  return { topic: output.topic, key: output.key, text: Buffer.from(output.value).toString() };
}

function blockOf(decision: Decision): LatestMessagesBlock {
  return JSON.parse(outputOf(decision).text) as LatestMessagesBlock;
}

test('a message gets the next number, an event and an output, byte for byte', () => {
  const chat = new ConversationHarness();
  const decision = chat.receive(
    'instant_message_in',
    '{"conversationKey":"abc123","sender":"bob","recipients":["ann"],"body":"Hi there!"}',
  );
  assert.deepEqual(outputOf(decision), {
    topic: 'instant_message_out',
    key: 'abc123',
    text: '{"conversationKey":"abc123","sender":"bob","recipients":["ann"],"conversationMsgSeq":0,"body":"Hi there!"}',
  });
  const { events, reply } = decided(decision);
  assert.deepEqual(
    events.map((event) => Buffer.from(conversation.encodeEvent(event)).toString()),
    [
      '{"type":"message","sender":"bob","recipients":["ann"],"conversationMsgSeq":0,"body":"Hi there!"}',
    ],
  );
  assert.deepEqual(reply, { conversationMsgSeq: 0, duplicate: false });
  assert.match(outputOf(chat.send({ sender: 'ann', body: 'x' })).text, /"conversationMsgSeq":1,/);
});

test('the latest messages are answered, byte for byte', () => {
  const chat = new ConversationHarness();
  chat.send({ sender: 'bob', body: 'Hi there!' });
  chat.send({ sender: 'ann', body: 'Hi there!' });
  assert.deepEqual(
    outputOf(
      chat.receive(
        'latest_messages_request',
        '{"conversationKey":"abc123","numMsgs":100,"requestId":"r1"}',
      ),
    ),
    {
      topic: 'latest_messages_block',
      key: 'abc123',
      text: '{"conversationKey":"abc123","requestId":"r1","latestChatter":[["bob","Hi there!",0],["ann","Hi there!",1]]}',
    },
  );
  assert.equal(
    outputOf(chat.latest(1)).text,
    '{"conversationKey":"abc123","latestChatter":[["ann","Hi there!",1]]}',
  );
});

test('asking an unknown conversation finds nothing, and creates nothing', () => {
  const chat = new ConversationHarness();
  const decision = chat.latest(1_000);
  assert.equal(outputOf(decision).text, '{"conversationKey":"abc123","latestChatter":[]}');
  assert.deepEqual(decided(decision).events, []);
  assert.deepEqual(chat.asked, []);
});

test('a conversation that is asked itself answers with the same block, or says why not', () => {
  const chat = new ConversationHarness();
  chat.send({ sender: 'bob', body: 'Hi there!' });
  const ask = (text: string) => chat.answer(Buffer.from(text));
  const answered = ask('{"numMsgs":5}');
  assert.ok(answered.kind === 'answer');
  assert.equal(
    Buffer.from(answered.bytes).toString(),
    '{"conversationKey":"abc123","latestChatter":[["bob","Hi there!",0]]}',
  );
  const refused = ask('{"numMsgs":0}');
  assert.ok(refused.kind === 'refused');
  assert.match(refused.reason, /from 1 to 1,000/);
});

test('what cannot be read says why, and whose it is does not depend on the key of the record', () => {
  const read = conversation.inputs['instant_message_in']!;
  assert.deepEqual(read({ value: Buffer.from('hello') }).ok, false);
  assert.deepEqual(read({ value: null }), {
    ok: false,
    code: 'no-value',
    reason: 'The record has no value.',
  });
});

test("a sender's messageId that comes again is no second message", () => {
  const chat = new ConversationHarness();
  chat.send({ sender: 'ann', body: 'first' });
  chat.send({ sender: 'bob', body: 'second', messageId: 'm1' });
  const again = decided(chat.send({ sender: 'bob', body: 'another text', messageId: 'm1' }));
  assert.deepEqual(again, {
    kind: 'decided',
    events: [],
    outputs: [],
    reply: { conversationMsgSeq: 1, duplicate: true },
    counted: 'duplicate',
  });
  const others = [
    { sender: 'ann', body: 'the same id of another sender', messageId: 'm1' },
    { sender: 'bob', body: 'another id', messageId: 'm2' },
    { sender: 'bob1', body: 'alike when joined', messageId: 'm' },
    { sender: 'bob', body: 'alike when joined', messageId: '1m' },
    { sender: 'bob', body: 'no id' },
    { sender: 'bob', body: 'no id' },
  ];
  const replies = others.map((message) => decided(chat.send(message)).reply);
  assert.deepEqual(
    replies,
    others.map((_, index) => ({ conversationMsgSeq: 2 + index, duplicate: false })),
  );
});

test('a messageId is known for 1,000 messages, and is a new message after that', () => {
  const chat = new ConversationHarness();
  const repeated = { sender: 'bob', body: 'x', messageId: 'm1' };
  chat.send(repeated);
  for (let count = 1; count < 1_000; count += 1) chat.send({ sender: 'ann', body: 'x' });
  assert.equal(decided(chat.send(repeated)).counted, 'duplicate');
  chat.send({ sender: 'ann', body: 'x' });
  const late = decided(chat.send(repeated)).reply;
  assert.deepEqual(late, { conversationMsgSeq: 1_001, duplicate: false });
});

test('the oldest messageIds are forgotten earlier when they pass 64 KiB together', () => {
  const chat = new ConversationHarness();
  const send = (n: number): Decided =>
    decided(chat.send({ sender: 'bob', body: 'x', messageId: `${n}${'é'.repeat(126)}` }));
  // Four digits and 126 times two bytes: 256 bytes, of which 256 are 64 KiB to the byte.
  for (let n = 1_000; n < 1_256; n += 1) send(n);
  assert.equal(send(1_000).counted, 'duplicate');
  send(1_256);
  assert.equal(send(1_001).counted, 'duplicate');
  assert.equal(send(1_000).counted, undefined);
});

test('however long a conversation goes on, it knows the ids of its last 1,000 messages, and no others', () => {
  const chat = new ConversationHarness();
  const send = (n: number): Decided =>
    decided(chat.send({ sender: 'bob', body: 'x', messageId: `m${n}` }));
  for (let n = 0; n < 2_600; n += 1) send(n);
  for (let n = 1_600; n < 2_600; n += 1) {
    assert.deepEqual(send(n).reply, { conversationMsgSeq: n, duplicate: true });
  }
  for (const [index, n] of [1_599, 0, 249, 250, 300, 499, 500, 1_000].entries()) {
    assert.deepEqual(send(n).reply, { conversationMsgSeq: 2_600 + index, duplicate: false });
  }
});

test('memory of duplicates and the window survive a snapshot', () => {
  const chat = new ConversationHarness();
  for (let n = 0; n < 150; n += 1) {
    chat.send({ sender: 'bob', body: `"${n}" \ud83d\ude00`, messageId: `m${n}` });
  }
  const before = chat.stateSizeBytes;
  const answered = outputOf(chat.latest(100));
  chat.restoreFromSnapshot();
  assert.equal(chat.stateSizeBytes, before);
  assert.deepEqual(outputOf(chat.latest(100)), answered);
  assert.equal(
    decided(chat.send({ sender: 'bob', body: 'x', messageId: 'm0' })).counted,
    'duplicate',
  );
  assert.deepEqual(decided(chat.send({ sender: 'bob', body: 'x' })).reply, {
    conversationMsgSeq: 150,
    duplicate: false,
  });
});

test('what is older than the window comes from history, in pieces of a bounded size', () => {
  const chat = new ConversationHarness();
  for (let n = 0; n < 1_200; n += 1) chat.send({ sender: 'bob', body: `message ${n}` });
  const { latestChatter } = blockOf(chat.latest(1_000));
  assert.deepEqual(
    latestChatter,
    Array.from({ length: 1_000 }, (_, index) => ['bob', `message ${200 + index}`, 200 + index]),
  );
  assert.deepEqual(
    chat.asked.map(({ countMax }) => countMax),
    [200, 200, 200, 200, 100],
  );
  assert.equal(chat.asked[0]?.seqBefore, 1_100);
});

test("history is asked again when events of the engine's own lay among the messages", () => {
  const chat = new ConversationHarness();
  for (let n = 0; n < 300; n += 1) {
    chat.send({ sender: 'bob', body: 'x'.repeat(400) });
    if (n % 3 === 0) chat.addEngineEvent();
    if (n === 150) for (let count = 0; count < 450; count += 1) chat.addEngineEvent();
  }
  const seqs = blockOf(chat.latest(250)).latestChatter.map(([, , seq]) => seq);
  assert.deepEqual(
    seqs,
    Array.from({ length: 250 }, (_, index) => 50 + index),
  );
  assert.ok(chat.asked.length > 2);
});

test("many events of the engine's own in a row are passed in few questions", () => {
  const chat = new ConversationHarness();
  chat.send({ sender: 'bob', body: 'the oldest' });
  for (let count = 0; count < 5_000; count += 1) chat.addEngineEvent();
  for (let n = 0; n < 100; n += 1) chat.send({ sender: 'bob', body: `${n}` });
  assert.equal(blockOf(chat.latest(101)).latestChatter[0]?.[1], 'the oldest');
  assert.ok(chat.asked.length < 5_000 / 100, `${chat.asked.length} questions`);
});

test('an answer is as of its request, whatever is sent while history is read', () => {
  const chat = new ConversationHarness();
  for (let n = 0; n < 150; n += 1) chat.send({ sender: 'bob', body: `${n}` });
  const asked = chat.decide(chat.latestCommand(150));
  assert.equal(asked.kind, 'history');
  for (let n = 150; n < 400; n += 1) chat.send({ sender: 'ann', body: `${n}` });
  const seqs = blockOf(chat.finish(asked)).latestChatter.map(([, , seq]) => seq);
  assert.deepEqual(
    seqs,
    Array.from({ length: 150 }, (_, index) => index),
  );
});

test('a block that would be too large keeps the newest messages, and stops reading history', () => {
  const chat = new ConversationHarness();
  for (let n = 0; n < 1_000; n += 1) chat.send({ sender: 'bob', body: 'x'.repeat(10_000) });
  const decision = chat.latest(1_000);
  const { text } = outputOf(decision);
  assert.ok(Buffer.byteLength(text) <= 900_000);
  assert.ok(text.endsWith(',999]],"truncated":true}'));
  assert.ok(Buffer.byteLength(text) > 889_000);
  assert.equal(decided(decision).counted, 'truncated');
  assert.equal(chat.asked.length, 1);
});

test('a message that no window holds is found all the same', () => {
  const chat = new ConversationHarness();
  for (let n = 0; n < 3; n += 1) chat.send({ sender: 'bob', body: 'x'.repeat(40_000) });
  assert.deepEqual(
    blockOf(chat.latest(2)).latestChatter.map(([, , seq]) => seq),
    [1, 2],
  );
  assert.ok(chat.stateSizeBytes < 1_000);
});

test('a message whose output would not fit is an error to its sender, and takes no number', () => {
  const chat = new ConversationHarness();
  const decision = chat.handle({
    kind: 'send',
    message: {
      conversationKey: 'abc123',
      sender: 'bob',
      recipients: Array.from({ length: 1_000 }, () => '\u0001'.repeat(100)),
      body: '\u0001'.repeat(65_536),
    },
  });
  assert.equal(decision.kind, 'refused');
  assert.match(
    decision.kind === 'refused' ? decision.reason : '',
    /^The message takes \d+ bytes as JSON; at most 900000 are allowed\. Send a shorter body/,
  );
  assert.deepEqual(decided(chat.send({ sender: 'bob', body: 'short' })).reply, {
    conversationMsgSeq: 0,
    duplicate: false,
  });
});

test('deciding leaves the state as it was', () => {
  const chat = new ConversationHarness();
  for (let n = 0; n < 120; n += 1) chat.send({ sender: 'bob', body: 'x', messageId: `m${n}` });
  const message = { conversationKey: 'abc123', sender: 'bob', recipients: [], body: 'y' };
  const first = chat.decide({ kind: 'send', message });
  chat.decide(chat.latestCommand(100));
  assert.deepEqual(chat.decide({ kind: 'send', message }), first);
});

test('a gap in the numbers is never carried on with', () => {
  const event = { type: 'message', sender: 'b', recipients: [], conversationMsgSeq: 1, body: '' };
  assert.throws(
    () => conversation.evolve(conversation.initialState(), event as never),
    /numbered 0, 1, 2, … without gaps/,
  );
});

test('history with a message missing is never answered with', () => {
  const chat = new ConversationHarness();
  for (let n = 0; n < 150; n += 1) chat.send({ sender: 'bob', body: 'x' });
  const asked = chat.decide(chat.latestCommand(150));
  assert.ok(asked.kind === 'history');
  const event = { type: 'message', sender: 'b', recipients: [], body: '' } as const;
  assert.throws(
    () => asked.resume([{ seq: 48, event: { ...event, conversationMsgSeq: 48 } }]),
    /History has every message, in order/,
  );
  const onlyEngineEvents = asked.resume.bind(asked, []);
  assert.throws(() => chat.finish(onlyEngineEvents()), /is among its events/);
});

test('bytes that are no event and no snapshot of this version are refused', () => {
  assert.throws(() => conversation.decodeEvent(Buffer.from('{"type":"edited"}')), /not an event/);
  assert.throws(() => conversation.decodeState(Buffer.from('{"version":2}')), /in version 1/);
  assert.throws(() => conversation.decodeState(Buffer.of(0xff)));
});
