import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, types } from 'cassandra-driver';
import { FakeClient } from './fake-client.ts';
import { ensureSchema, SCHEMA_VERSION } from './schema.ts';

const KEYSPACE = {
  keyspace: 'chat',
  replication: { class: 'SimpleStrategy', replication_factor: 3 },
};

/** The statements that were sent, without their comments. */
function sent(fake: FakeClient): readonly string[] {
  return fake.sent.map(({ statements }) =>
    (statements[0]?.query ?? '').replaceAll(/^--.*\n/gm, '').trim(),
  );
}

test('a first start makes the keyspace and the tables; the version comes first and last', async () => {
  const fake = new FakeClient((_, number) => {
    if (number === 1) throw new errors.ResponseError(types.responseErrorCodes.invalid, 'no table');
    return { rows: [] };
  });
  await ensureSchema(fake.client, KEYSPACE);
  const [read, keyspace, ...rest] = sent(fake);
  assert.match(read ?? '', /^SELECT version FROM chat\.schema_version/);
  assert.equal(
    keyspace,
    'CREATE KEYSPACE IF NOT EXISTS chat WITH replication = ' +
      "{'class': 'SimpleStrategy', 'replication_factor': '3'}",
  );
  assert.deepEqual(
    rest.map((statement) => statement.split(' (')[0]),
    [
      'CREATE TABLE IF NOT EXISTS chat.schema_version',
      'CREATE TABLE IF NOT EXISTS chat.journal',
      'CREATE TABLE IF NOT EXISTS chat.snapshot',
      'CREATE TABLE IF NOT EXISTS chat.shard',
      'INSERT INTO chat.schema_version',
    ],
  );
});

test('a first start that was stopped is finished', async () => {
  const fake = new FakeClient(() => ({ rows: [] })); // the version table is there, and empty
  await ensureSchema(fake.client, KEYSPACE);
  assert.equal(fake.sent.length, 7);
});

test('tables of this version are left alone', async () => {
  const fake = new FakeClient(() => ({ rows: [{ version: SCHEMA_VERSION }] }));
  await ensureSchema(fake.client, KEYSPACE);
  assert.equal(fake.sent.length, 1);
});

test('tables of another version are refused, with both versions, and left alone', async () => {
  for (const version of [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1]) {
    const fake = new FakeClient(() => ({ rows: [{ version }] }));
    await assert.rejects(ensureSchema(fake.client, KEYSPACE), {
      name: 'JournalError',
      code: 'wrong-version',
      retriable: false,
      message: new RegExp(`keyspace chat have version ${version}, this program has`),
    });
    assert.equal(fake.sent.length, 1);
  }
});

test('a user who may not create tables is told so', async () => {
  const fake = new FakeClient((_, number) => {
    if (number > 1) throw new errors.ResponseError(types.responseErrorCodes.unauthorized, 'no');
    return { rows: [] };
  });
  await assert.rejects(ensureSchema(fake.client, KEYSPACE), { code: 'refused' });
});
