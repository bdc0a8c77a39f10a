import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearest } from './nearest.ts';

const names = ['--kafka-port', '--http-port', '--data-dir'];

test('a slip of the fingers is recognised', () => {
  for (const written of ['--kafka-prot', '--kafkaport', '--kakfa-port', '--kafka-port-']) {
    assert.equal(nearest(written, names), '--kafka-port', written);
  }
  assert.equal(nearest('--datadir', names), '--data-dir');
});

test('something else is not taken for a slip', () => {
  assert.equal(nearest('--colour', names), undefined);
  assert.equal(nearest('', names), undefined);
  assert.equal(nearest('--x', []), undefined);
});

test('the hint ends the sentence', () => {
  assert.equal(didYouMean('--htp-port', names), '; did you mean --http-port?');
  assert.equal(didYouMean('--colour', names), '.');
});
