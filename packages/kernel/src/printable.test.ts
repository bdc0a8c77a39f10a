import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preview, printable, timeText } from './printable.ts';

test('what could control a terminal is shown instead', () => {
  assert.equal(printable('\u001b[31mred\u0007'), '\\u{1b}[31mred\\u{7}');
  assert.equal(printable('\u009b2J\rover'), '\\u{9b}2J\\u{d}over');
  assert.equal(printable('abc\u202etxt'), 'abc\\u{202e}txt');
});

test('other texts stay as they are, further lines are indented', () => {
  assert.equal(printable('Grüße, 世界 😀'), 'Grüße, 世界 😀');
  assert.equal(printable('one\r\ntwo\nthree'), 'one\n    two\n    three');
});

test('a preview is short and on one line', () => {
  assert.equal(preview('one\n two', 20), 'one two');
  assert.equal(preview('x'.repeat(30), 5), 'xxxxx…');
});

test('a time is UTC, and one that is none is shown as it is', () => {
  assert.equal(timeText(1_700_000_000_000), '2023-11-14 22:13:20 UTC');
  assert.equal(timeText(1e300), '1e+300 ms');
});
