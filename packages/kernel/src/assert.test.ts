import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as kernelAssert, AssertionFailure, unreachable } from './assert.ts';

test('a condition that holds passes in silence', () => {
  for (const truthy of [true, 1, 'text', {}]) kernelAssert(truthy, 'The queue has an owner.');
});

test('a condition that does not hold throws the sentence as AssertionFailure', () => {
  for (const falsy of [false, 0, '', null, undefined]) {
    assert.throws(
      () => kernelAssert(falsy, 'The queue has an owner.'),
      (error) =>
        error instanceof AssertionFailure &&
        error.name === 'AssertionFailure' &&
        error.message === 'The queue has an owner.',
    );
  }
});

test('unreachable names the union and the value', () => {
  assert.throws(() => unreachable({ kind: 'lost' } as never, 'Phase'), {
    name: 'AssertionFailure',
    message: 'Phase has no such member: {"kind":"lost"}',
  });
});

test('unreachable describes a value that JSON cannot hold', () => {
  assert.throws(() => unreachable(5n as never, 'Phase'), /no such member: 5/);
  assert.throws(() => unreachable(undefined as never, 'Phase'), /no such member: undefined/);
});
