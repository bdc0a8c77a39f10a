import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCommittedMetadata, encodeCommittedMetadata } from './committed-metadata.ts';

test('what is committed beside an offset is read as it was written', () => {
  for (const eventNumber of [0, 1, Number.MAX_SAFE_INTEGER]) {
    const metadata = { topicId: '00000000-0000-4000-8000-000000000001', eventNumber };
    assert.equal(encodeCommittedMetadata(metadata), `cc1;${metadata.topicId};${eventNumber}`);
    assert.deepEqual(decodeCommittedMetadata(encodeCommittedMetadata(metadata)), metadata);
  }
});

test('what somebody else has committed is not ours', () => {
  for (const text of [
    '',
    'cc1',
    'cc1;id',
    'cc1;id;',
    'cc1;;1',
    'cc2;id;1',
    'cc1;id;1;',
    'cc1;id;x',
    'cc1;id;-1',
    'cc1;id;1.5',
    'cc1;id;9007199254740993',
  ]) {
    assert.equal(decodeCommittedMetadata(text), undefined, text);
  }
});
