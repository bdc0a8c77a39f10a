import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allTopics,
  conversationControl,
  conversationEvents,
  conversationQuarantine,
  instantMessageOut,
} from './topics.ts';

test('the topics that follow shards have names and rules of their own', () => {
  assert.deepEqual(
    allTopics.map(({ name, partitionRule }) => [name, partitionRule]),
    [
      ['instant_message_in', 'shard'],
      ['instant_message_out', 'home'],
      ['latest_messages_request', 'shard'],
      ['latest_messages_block', 'home'],
      ['conversation_events', 'shard'],
      ['conversation_control', 'shard'],
      ['conversation_quarantine', 'home'],
      ['chat_dead_letter', 'any'],
    ],
  );
});

const SEVEN_DAYS_MS = '604800000';

test('only what the sender stamps is deleted by its time, and the event topic by nothing but time', () => {
  for (const { name, configs } of allTopics) {
    const isInput = /_in$|_request$|_control$/.test(name);
    if (isInput) assert.equal(configs['retention.ms'], SEVEN_DAYS_MS, name);
    const stamp = isInput ? 'CreateTime' : 'LogAppendTime';
    assert.equal(configs['message.timestamp.type'], stamp, name);
    const policy = name === 'conversation_quarantine' ? 'compact' : 'delete';
    assert.equal(configs['cleanup.policy'], policy, name);
  }
  assert.equal(conversationEvents.configs['retention.bytes'], '-1');
  assert.equal(conversationEvents.configs['retention.ms'], SEVEN_DAYS_MS);
});

test('a numbered message has exactly the bytes of the contract', () => {
  const message = {
    conversationKey: 'abc123',
    sender: 'bob',
    recipients: ['ann'],
    conversationMsgSeq: 0,
    body: 'Hi there!',
  };
  assert.equal(
    Buffer.from(instantMessageOut.encode(message)).toString(),
    '{"conversationKey":"abc123","sender":"bob","recipients":["ann"],"conversationMsgSeq":0,"body":"Hi there!"}',
  );
  const withId = instantMessageOut.encode({ ...message, messageId: 'm1' });
  assert.match(Buffer.from(withId).toString(), /,"body":"Hi there!","messageId":"m1"}$/);
  assert.deepEqual(instantMessageOut.decode(withId), {
    ok: true,
    value: { ...message, messageId: 'm1' },
  });
});

test('an event has exactly the bytes of the contract, and other types are refused', () => {
  const event = {
    type: 'message',
    sender: 'bob',
    recipients: ['ann', 'joe'],
    conversationMsgSeq: 7,
    body: 'Hi "there"!',
    messageId: 'm1',
  } as const;
  const bytes = conversationEvents.encode(event);
  assert.equal(
    Buffer.from(bytes).toString(),
    '{"type":"message","sender":"bob","recipients":["ann","joe"],"conversationMsgSeq":7,"body":"Hi \\"there\\"!","messageId":"m1"}',
  );
  assert.deepEqual(conversationEvents.decode(bytes), { ok: true, value: event });
  assert.deepEqual(conversationEvents.decode(Buffer.from('{"type":"edited"}')), {
    ok: false,
    code: 'out-of-range',
    reason: 'type is the text "edited"; it must be one of message.',
  });
});

test("an operator's record is read as it was written", () => {
  const position = { topicId: 'Zm9v', partition: 3, offset: 17 };
  for (const value of [
    { entityId: 'abc123', action: 'retry' },
    { entityId: 'abc123', action: 'skip', position },
    { entityId: 'abc123', action: 'edit', position, value: '{"body":"better"}' },
    { entityId: 'abc123', action: 'edit', position, valueBase64: '/wA=' },
  ] as const) {
    const decoded = conversationControl.decode(conversationControl.encode(value));
    assert.deepEqual(decoded, { ok: true, value });
  }
  assert.equal(
    Buffer.from(conversationControl.encode({ action: 'skip', entityId: 'c', position })).toString(),
    '{"entityId":"c","action":"skip","position":{"topicId":"Zm9v","partition":3,"offset":17}}',
  );
});

test("an operator's record that says too little is refused", () => {
  const refusals = [
    [
      '{"entityId":"c","action":"edit","position":{"topicId":"x","partition":1,"offset":0}}',
      'missing-field',
      'value is missing; it must be a text.',
    ],
    [
      '{"entityId":"c","action":"skip"}',
      'missing-field',
      'position is missing; it must be a JSON object.',
    ],
    [
      '{"entityId":"c","action":"drop"}',
      'out-of-range',
      'action is the text "drop"; it must be one of retry, skip, edit.',
    ],
    [
      '{"entityId":"c","action":"skip","position":{"topicId":"x","partition":-1,"offset":0}}',
      'out-of-range',
      'partition is -1; it must be a whole number from 0 to 9,007,199,254,740,991.',
    ],
    [
      '{"entityId":"c","action":"skip","position":3}',
      'wrong-type',
      'position is the number 3, not a JSON object.',
    ],
  ] as const;
  for (const [text, code, reason] of refusals) {
    assert.deepEqual(conversationControl.decode(Buffer.from(text)), { ok: false, code, reason });
  }
});

test('an entry of the quarantine list is read as it was written', () => {
  const value = {
    entityId: 'abc123',
    sinceMs: 1_700_000_000_000,
    reason: 'It threw \ud83d',
    parkedCount: 30,
    parked: [
      { topic: 't', topicId: 'Zm9v', partition: 1, offset: 1, valuePreview: null },
      { topic: 't', topicId: 'Zm9v', partition: 1, offset: 2, valuePreview: '{"conversationK' },
    ],
  };
  const bytes = conversationQuarantine.encode(value);
  assert.equal(
    Buffer.from(bytes).toString(),
    '{"entityId":"abc123","sinceMs":1700000000000,"reason":"It threw \\ud83d","parkedCount":30,"parked":[{"topic":"t","topicId":"Zm9v","partition":1,"offset":1,"valuePreview":null},{"topic":"t","topicId":"Zm9v","partition":1,"offset":2,"valuePreview":"{\\"conversationK"}]}',
  );
  assert.deepEqual(conversationQuarantine.decode(bytes), { ok: true, value });
});
