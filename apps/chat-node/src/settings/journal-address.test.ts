import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJournalAddress } from './journal-address.ts';

test('an address of a journal that is none is refused', () => {
  assert.deepEqual(readJournalAddress('lmdb:a:b/c'), { kind: 'lmdb', dir: 'a:b/c' });
  assert.deepEqual(readJournalAddress('cassandra:h'), {
    kind: 'cassandra',
    contactPoints: [{ host: 'h', port: 9042 }],
    keyspace: 'chat_cluster',
  });
  for (const text of [
    '',
    'lmdb',
    'lmdb:',
    './journal',
    'cassandra:',
    'cassandra:/chat',
    'cassandra:h,',
    'cassandra:h:0',
    'cassandra:h:99999',
    'cassandra:h/Chat',
    'cassandra:h/a/b',
    'cassandra:h/',
    'postgres:h',
  ]) {
    assert.equal(readJournalAddress(text), undefined, text);
  }
});
