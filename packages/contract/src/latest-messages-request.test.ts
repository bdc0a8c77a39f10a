import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeLatestMessagesRequest,
  encodeLatestMessagesRequest,
} from './latest-messages-request.ts';

function decodeText(text: string): ReturnType<typeof decodeLatestMessagesRequest> {
  return decodeLatestMessagesRequest(Buffer.from(text));
}

test('a request is read and written', () => {
  const value = { conversationKey: 'abc123', numMsgs: 100, requestId: 'r1' };
  const bytes = encodeLatestMessagesRequest(value);
  assert.equal(
    Buffer.from(bytes).toString(),
    '{"conversationKey":"abc123","numMsgs":100,"requestId":"r1"}',
  );
  assert.deepEqual(decodeLatestMessagesRequest(bytes), { ok: true, value });
  assert.ok(decodeText('{"conversationKey":"abc123","numMsgs":1}').ok);
  assert.ok(decodeText('{"conversationKey":"abc123","numMsgs":1e3}').ok);
});

test('numbers that are no number of messages are refused with what they are', () => {
  for (const [numMsgs, code, reason] of [
    ['0', 'out-of-range', 'numMsgs is 0; it must be a whole number from 1 to 1,000.'],
    ['1001', 'out-of-range', 'numMsgs is 1001; it must be a whole number from 1 to 1,000.'],
    ['-5', 'out-of-range', 'numMsgs is -5; it must be a whole number from 1 to 1,000.'],
    ['1.5', 'out-of-range', 'numMsgs is 1.5; it must be a whole number from 1 to 1,000.'],
    ['1e400', 'out-of-range', 'numMsgs is Infinity; it must be a whole number from 1 to 1,000.'],
    [
      '123456789012345678901234567890',
      'out-of-range',
      'numMsgs is 1.2345678901234568e+29; it must be a whole number from 1 to 1,000.',
    ],
    ['"100"', 'wrong-type', 'numMsgs is the text "100", not a whole number.'],
    ['[100]', 'wrong-type', 'numMsgs is a list, not a whole number.'],
  ] as const) {
    assert.deepEqual(decodeText(`{"conversationKey":"abc123","numMsgs":${numMsgs}}`), {
      ok: false,
      code,
      reason,
    });
  }
});
