import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, types } from 'cassandra-driver';
import { FakeClient } from './fake-client.ts';
import { ensureSchema, SCHEMA_VERSION } from './schema.ts';

function ensure(fake: FakeClient): Promise<void> {
  const replication = { class: 'SimpleStrategy', replication_factor: 3 };
  const { client, timers } = fake;
  const options = { keyspace: 'chat', localDataCenter: 'here', replication, timers };
  return fake.settle(ensureSchema(client, options));
}

/** The statements that were sent, without their comments. */
function sent(fake: FakeClient): readonly string[] {
  return fake.sent.map(({ statements }) =>
    (statements[0]?.query ?? '').replaceAll(/^--.*\n/gm, '').trim(),
  );
}

test('a first start makes the keyspace and the tables; the version comes first and last', async () => {
  const fake = new FakeClient((_, number) => {
    if (number === 1) throw unknownTable();
    return { rows: [] };
  });
  await ensure(fake);
  const [read, look, keyspace, ...rest] = sent(fake);
  assert.match(read ?? '', /^SELECT version FROM chat\.schema_version/);
  assert.match(look ?? '', /FROM system_schema\.keyspaces WHERE keyspace_name = 'chat'$/);
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
      'CREATE TABLE IF NOT EXISTS chat.sync_probe',
      'INSERT INTO chat.schema_version',
    ],
  );
});

test('a node that does not know yet what another one made is asked again', async () => {
  let unknownLeft = 3;
  const fake = new FakeClient(({ statements: [statement] }) => {
    if (statement?.query.includes('chat.schema_version (') !== true || unknownLeft === 0) {
      return { rows: [] };
    }
    unknownLeft -= 1;
    throw unknownTable();
  });
  await ensure(fake);
  assert.equal(fake.sent.length, 9 + 3);
});

test('the version is written once every node that is up knows all tables', async () => {
  const datacenter = 'here';
  const [one, two] = ['one', 'two'].map((address) => ({ address, datacenter, isUp: () => true }));
  const away = { address: 'away', datacenter, isUp: () => false };
  // Requests go to the local data center; another one may have no replica that could answer.
  const elsewhere = { address: 'elsewhere', datacenter: 'there', isUp: () => true };
  let unknownLeft = 3;
  const fake = new FakeClient(({ options }) => {
    if (options?.host === undefined || unknownLeft === 0) return { rows: [] };
    unknownLeft -= 1;
    throw unknownTable();
  });
  fake.hosts = [one!, away, elsewhere, two!];
  await ensure(fake);
  const asked = fake.sent.slice(8);
  assert.deepEqual(
    asked.map(({ options }) => options?.host),
    [one, one, one, one, two, undefined],
  );
  assert.match(asked[0]?.statements[0]?.query ?? '', /^SELECT \* FROM chat\.sync_probe LIMIT 1$/);
  assert.match(sent(fake).at(-1) ?? '', /^INSERT INTO chat\.schema_version/);
});

test('a first start that was stopped is finished', async () => {
  const fake = new FakeClient(() => ({ rows: [] })); // the version table is there, and empty
  await ensure(fake);
  assert.equal(fake.sent.length, 9);
});

test('a keyspace that somebody made for the user is not asked for', async () => {
  const fake = new FakeClient((_, number) => {
    if (number === 1) throw unknownTable();
    return { rows: number === 2 ? [{ keyspace_name: 'chat' }] : [] };
  });
  await ensure(fake);
  assert.match(sent(fake)[2] ?? '', /^CREATE TABLE IF NOT EXISTS chat\.schema_version/);
});

test('tables of this version are left alone', async () => {
  const fake = new FakeClient(() => ({ rows: [{ version: SCHEMA_VERSION }] }));
  await ensure(fake);
  assert.equal(fake.sent.length, 1);
});

test('tables of another version are refused, with both versions, and left alone', async () => {
  for (const version of [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1]) {
    const fake = new FakeClient(() => ({ rows: [{ version }] }));
    await assert.rejects(ensure(fake), {
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
  await assert.rejects(ensure(fake), { code: 'refused' });
});

/** Cassandra's answer of a node that does not know a keyspace or a table. */
function unknownTable(): Error {
  return new errors.ResponseError(types.responseErrorCodes.invalid, 'no table');
}
