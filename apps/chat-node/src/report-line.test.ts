import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportLine } from './report-line.ts';

test('a sentence stands with its facts, where there are any', () => {
  assert.equal(reportLine('It runs.'), 'It runs.');
  assert.equal(reportLine('It runs.', { cause: undefined }), 'It runs.');
  assert.equal(
    reportLine('It failed.', { topic: 'in', offset: 7, parts: [1, 2], error: new Error('Why.') }),
    'It failed. (topic=in offset=7 parts=[1,2] error=Why.)',
  );
});
