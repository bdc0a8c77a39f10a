import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExplainQuestion } from './question-text.ts';

test('a question names a record or a message; anything else is answered with how to ask', () => {
  const read = (text: string) => readExplainQuestion(new URLSearchParams(text));
  assert.deepEqual(read('topic=in&partition=3&offset=12'), {
    kind: 'record',
    at: { topic: 'in', partition: 3, offset: 12 },
  });
  assert.deepEqual(read('messageId=m%201'), {
    kind: 'message',
    messageId: 'm 1',
    entityId: undefined,
  });
  assert.deepEqual(read('messageId=m&entityId=e'), {
    kind: 'message',
    messageId: 'm',
    entityId: 'e',
  });
  for (const text of [
    '',
    'topic=in',
    'topic=in&partition=-1&offset=1',
    'topic=in&partition=1&offset=1e3',
    'messageId=',
  ]) {
    const problem = read(text);
    assert.ok(typeof problem === 'string' && problem.startsWith('Name a record'), text);
  }
});
