import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instantMessageIn, latestMessagesRequest } from '@chat-cluster/contract';
import { messageIdOf } from './commands.ts';

test('a message is known by its messageId, a request by its requestId', () => {
  const message = { conversationKey: 'k', sender: 'bob', recipients: ['ann'], body: 'x' };
  const idOf = (topic: string, value: Uint8Array | null) => messageIdOf(topic, { value });
  assert.equal(
    idOf('instant_message_in', instantMessageIn.encode({ ...message, messageId: 'm1' })),
    'm1',
  );
  assert.equal(idOf('instant_message_in', instantMessageIn.encode(message)), undefined);
  const request = { conversationKey: 'k', numMsgs: 1, requestId: 'r1' };
  assert.equal(idOf('latest_messages_request', latestMessagesRequest.encode(request)), 'r1');
  assert.equal(idOf('instant_message_in', Buffer.from('no JSON')), undefined);
  assert.equal(idOf('latest_messages_request', null), undefined);
});
