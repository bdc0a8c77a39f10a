import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeConversationQuestion, encodeConversationQuestion } from './conversation-question.ts';

test('a question is read and written', () => {
  const bytes = encodeConversationQuestion({ numMsgs: 20 });
  assert.equal(Buffer.from(bytes).toString(), '{"numMsgs":20}');
  assert.deepEqual(decodeConversationQuestion(bytes), { ok: true, value: { numMsgs: 20 } });
});

test('what is no question says why', () => {
  for (const text of ['', '{}', '{"numMsgs":0}', '{"numMsgs":1001}', '{"numMsgs":"20"}']) {
    const decoded = decodeConversationQuestion(Buffer.from(text));
    assert.ok(!decoded.ok, text);
    assert.match(decoded.reason, /\w+ .*\./);
  }
});
