import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Chatter,
  chatterSizeBytes,
  decodeLatestMessagesBlock,
  encodeLatestMessagesBlock,
  fitLatestMessagesBlock,
} from './latest-messages-block.ts';

const dialogue: readonly Chatter[] = [
  ['bob', 'Hi there!', 0],
  ['ann', 'Hi there!', 1],
];

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

test('a block has exactly the bytes of the contract', () => {
  const block = { conversationKey: 'abc123', latestChatter: dialogue, truncated: false };
  assert.equal(
    textOf(encodeLatestMessagesBlock(block)),
    '{"conversationKey":"abc123","latestChatter":[["bob","Hi there!",0],["ann","Hi there!",1]]}',
  );
  assert.equal(
    textOf(encodeLatestMessagesBlock({ ...block, requestId: 'r1', truncated: true })),
    '{"conversationKey":"abc123","requestId":"r1","latestChatter":[["bob","Hi there!",0],["ann","Hi there!",1]],"truncated":true}',
  );
});

test('a block is read as it was written', () => {
  for (const truncated of [true, false]) {
    const value = { conversationKey: 'c', requestId: 'r', latestChatter: dialogue, truncated };
    const decoded = decodeLatestMessagesBlock(encodeLatestMessagesBlock(value));
    assert.deepEqual(decoded, { ok: true, value });
  }
  const garbled = Buffer.from('{"conversationKey":"c","latestChatter":[["bob",1]]}');
  assert.deepEqual(decodeLatestMessagesBlock(garbled), {
    ok: false,
    code: 'wrong-type',
    reason: 'latestChatter holds what is not [sender, body, seq].',
  });
});

test('a block that fits is left as it is', () => {
  const block = { conversationKey: 'abc123', latestChatter: dialogue, truncated: false };
  const fitted = fitLatestMessagesBlock(block);
  assert.equal(fitted.block, block);
  assert.deepEqual(fitted.bytes, encodeLatestMessagesBlock(block));
});

test('the size of a message is what it adds to a block', () => {
  const added: Chatter = ['ann', 'é "quoted" \u0001 \ud83d\ude00', 2];
  const sizeBytes = (latestChatter: readonly Chatter[]): number =>
    encodeLatestMessagesBlock({ conversationKey: 'c', latestChatter, truncated: false }).byteLength;
  assert.equal(sizeBytes([...dialogue, added]) - sizeBytes(dialogue), chatterSizeBytes(added));
});
