import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InvalidValueCode } from './decoded.ts';
import { decodeInstantMessageIn, encodeInstantMessageIn } from './instant-message-in.ts';

const valid = { conversationKey: 'abc123', sender: 'bob', recipients: ['ann'], body: 'Hi there!' };

function decodeText(text: string): ReturnType<typeof decodeInstantMessageIn> {
  return decodeInstantMessageIn(Buffer.from(text));
}

function decodeValid(changes: object): ReturnType<typeof decodeInstantMessageIn> {
  return decodeText(JSON.stringify({ ...valid, ...changes }));
}

test('a message is read', () => {
  assert.deepEqual(decodeText(JSON.stringify({ ...valid, messageId: 'm1' })), {
    ok: true,
    value: { ...valid, messageId: 'm1' },
  });
});

test('a message is written with its fields in the order of the contract, without spaces', () => {
  const { conversationKey, sender, recipients, body } = valid;
  assert.equal(
    Buffer.from(
      encodeInstantMessageIn({ messageId: 'm1', body, recipients, sender, conversationKey }),
    ).toString(),
    '{"conversationKey":"abc123","sender":"bob","recipients":["ann"],"body":"Hi there!","messageId":"m1"}',
  );
  assert.equal(
    Buffer.from(encodeInstantMessageIn(valid)).toString(),
    '{"conversationKey":"abc123","sender":"bob","recipients":["ann"],"body":"Hi there!"}',
  );
});

test('unknown fields are ignored, white space too', () => {
  assert.ok(decodeValid({ colour: 'blue', nested: { deep: [1, null] }, __proto__x: 1 }).ok);
  assert.ok(decodeText(` \n${JSON.stringify(valid, undefined, 2)}\r\n`).ok);
});

test('a field called __proto__ is an unknown field like others', () => {
  const text = JSON.stringify(valid).replace('{', '{"__proto__":{"messageId":"sneaky"},');
  const decoded = decodeText(text);
  assert.ok(decoded.ok);
  assert.equal(decoded.value.messageId, undefined);
});

test('of a field that is given twice the last one counts', () => {
  const decoded = decodeText(JSON.stringify(valid).replace('{', '{"sender":17,'));
  assert.ok(decoded.ok);
  assert.equal(decoded.value.sender, 'bob');
});

test('nobody to write to and nothing to say are messages too, and null is no messageId', () => {
  assert.ok(decodeValid({ recipients: [], body: '' }).ok);
  const decoded = decodeValid({ messageId: null });
  assert.ok(decoded.ok);
  assert.equal(decoded.value.messageId, undefined);
});

test('what is at its limit is accepted', () => {
  assert.ok(
    decodeValid({
      conversationKey: 'é'.repeat(128),
      sender: 's'.repeat(256),
      recipients: Array.from({ length: 1_000 }, () => '€'.repeat(85) + 'x'),
      body: '\ud83d\ude00'.repeat(16 * 1024),
      messageId: 'i'.repeat(256),
    }).ok,
  );
});

const refusals: readonly {
  readonly what: string;
  readonly changes: object;
  readonly code: InvalidValueCode;
  readonly reason: string;
}[] = [
  {
    what: 'a missing field',
    changes: { body: undefined },
    code: 'missing-field',
    reason: 'body is missing; it must be a text.',
  },
  {
    what: 'a number for a text',
    changes: { sender: 17 },
    code: 'wrong-type',
    reason: 'sender is the number 17, not a text.',
  },
  {
    what: 'null for a text',
    changes: { sender: null },
    code: 'wrong-type',
    reason: 'sender is null, not a text.',
  },
  {
    what: 'a boolean for a text',
    changes: { body: true },
    code: 'wrong-type',
    reason: 'body is true, not a text.',
  },
  {
    what: 'a text for a list',
    changes: { recipients: 'ann' },
    code: 'wrong-type',
    reason: 'recipients is the text "ann", not a list.',
  },
  {
    what: 'an object for a list',
    changes: { recipients: { 0: 'ann' } },
    code: 'wrong-type',
    reason: 'recipients is an object, not a list.',
  },
  {
    what: 'a list for an item of a list',
    changes: { recipients: ['ann', ['joe']] },
    code: 'wrong-type',
    reason: 'recipients[1] is a list, not a text.',
  },
  {
    what: 'an empty key',
    changes: { conversationKey: '' },
    code: 'out-of-range',
    reason: 'conversationKey is empty.',
  },
  {
    what: 'an empty messageId',
    changes: { messageId: '' },
    code: 'out-of-range',
    reason: 'messageId is empty.',
  },
  {
    what: 'a key that is long in bytes only',
    changes: { conversationKey: 'é'.repeat(129) },
    code: 'out-of-range',
    reason: 'conversationKey has 258 bytes; at most 256 are allowed.',
  },
  {
    what: 'a long sender',
    changes: { sender: 's'.repeat(257) },
    code: 'out-of-range',
    reason: 'sender has 257 bytes; at most 256 are allowed.',
  },
  {
    what: 'a long recipient',
    changes: { recipients: ['a', 'r'.repeat(300)] },
    code: 'out-of-range',
    reason: 'recipients[1] has 300 bytes; at most 256 are allowed.',
  },
  {
    what: 'too many recipients',
    changes: { recipients: Array.from({ length: 1_001 }, () => 'ann') },
    code: 'out-of-range',
    reason: 'recipients has 1,001 items; at most 1,000 are allowed.',
  },
  {
    what: 'a long body',
    changes: { body: 'b'.repeat(65_537) },
    code: 'out-of-range',
    reason: 'body has 65,537 bytes; at most 65,536 are allowed.',
  },
  {
    what: 'a long messageId',
    changes: { messageId: 'i'.repeat(257) },
    code: 'out-of-range',
    reason: 'messageId has 257 bytes; at most 256 are allowed.',
  },
  {
    what: 'half a character',
    changes: { conversationKey: 'a\ud83d' },
    code: 'not-text',
    reason: 'conversationKey holds half a character (an unpaired surrogate), which no text can.',
  },
];

for (const { what, changes, code, reason } of refusals) {
  test(`${what} is refused: ${reason}`, () => {
    assert.deepEqual(decodeValid(changes), { ok: false, code, reason });
  });
}
