import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chatter } from '@chat-cluster/contract';
import { MessageWindow, WINDOW_CHARS_MAX, WINDOW_MESSAGES_MAX } from './window.ts';

function seqsOf(window: MessageWindow): number[] {
  return window.newest(Infinity).map(([, , seq]) => seq);
}

test('a window holds the newest messages, as many as it may', () => {
  const window = new MessageWindow();
  for (let seq = 0; seq < 1_000; seq += 1) window.add(['bob', `${seq}`, seq]);
  assert.equal(window.count, WINDOW_MESSAGES_MAX);
  assert.deepEqual(
    seqsOf(window),
    Array.from({ length: WINDOW_MESSAGES_MAX }, (_, index) => 900 + index),
  );
  assert.deepEqual(window.newest(2), [
    ['bob', '998', 998],
    ['bob', '999', 999],
  ]);
  assert.deepEqual(window.newest(0), []);
});

test('one long message may push out many short ones', () => {
  const window = new MessageWindow();
  for (let seq = 0; seq < 50; seq += 1) window.add(['bob', 'x'.repeat(297), seq]);
  assert.equal(window.chars, 50 * 300);
  window.add(['bob', 'x'.repeat(WINDOW_CHARS_MAX - 303), 50]);
  assert.deepEqual(seqsOf(window), [49, 50]);
  assert.equal(window.chars, WINDOW_CHARS_MAX);
  window.add(['bob', '', 51]);
  assert.deepEqual(seqsOf(window), [50, 51]);
  assert.equal(window.chars, WINDOW_CHARS_MAX - 297);
});

test('a message that is too long for the window empties it, and the next one is held again', () => {
  const window = new MessageWindow();
  window.add(['bob', 'short', 0]);
  window.add(['bob', 'x'.repeat(WINDOW_CHARS_MAX), 1]);
  assert.deepEqual([window.count, window.chars], [0, 0]);
  window.add(['bob', 'short', 2]);
  assert.deepEqual(seqsOf(window), [2]);
});

test('what was answered stays as it is when the window goes on', () => {
  const window = new MessageWindow();
  for (let seq = 0; seq < 100; seq += 1) window.add(['bob', 'x', seq]);
  const answered = window.newest(3);
  for (let seq = 100; seq < 300; seq += 1) window.add(['bob', 'x', seq]);
  assert.deepEqual(answered, [
    ['bob', 'x', 97],
    ['bob', 'x', 98],
    ['bob', 'x', 99],
  ] satisfies Chatter[]);
});

test('a gap is never carried on with', () => {
  const window = new MessageWindow();
  window.add(['bob', 'x', 3]);
  assert.throws(() => window.add(['bob', 'x', 5]), /without gaps/);
});
