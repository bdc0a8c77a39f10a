import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNodeConfiguration } from '../configuration.ts';

const PASSWORD = 'kept to itself';

const files: Readonly<Record<string, string>> = {
  'ca.pem': 'an authority',
  'cert.pem': 'a certificate',
  'key.pem': 'a key',
  'all.json': `{"journal": "cassandra:h", "cassandra-user": "ann", "cassandra-password": "${PASSWORD}"}`,
};

function readFile(path: string): string {
  const text = files[path];
  if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
  return text;
}

function configure(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return readNodeConfiguration({ argv, env, readFile });
}

function journalOf(argv: readonly string[], env?: Readonly<Record<string, string>>) {
  const read = configure(argv, env);
  assert.ok(read.kind === 'settings', read.kind === 'problem' ? read.problem : read.kind);
  return read.settings.journal;
}

function problemOf(argv: readonly string[], env?: Readonly<Record<string, string>>): string {
  const read = configure(argv, env);
  assert.ok(read.kind === 'problem');
  assert.doesNotMatch(read.problem, new RegExp(PASSWORD));
  return read.problem;
}

const cassandra = { kind: 'cassandra', contactPoints: [{ host: 'h', port: 9042 }] } as const;
const keyspace = 'chat_cluster';
const where = ['--journal', 'cassandra:h'];

test('of Cassandra nothing has to be said but where it is', () => {
  assert.deepEqual(journalOf(where), { ...cassandra, keyspace, access: {} });
});

test('a user and his password come from the environment, or from a file', () => {
  const credentials = { username: 'ann', password: PASSWORD };
  const expected = { ...cassandra, keyspace, access: { credentials } };
  const env = { CHATCLUSTER_CASSANDRA_USER: 'ann', CHATCLUSTER_CASSANDRA_PASSWORD: PASSWORD };
  assert.deepEqual(journalOf(where, env), expected);
  assert.deepEqual(journalOf(['--config', 'all.json']), expected);
});

test('one without the other is refused, and the password is not told', () => {
  const sentence = '--cassandra-user and CHATCLUSTER_CASSANDRA_PASSWORD go together.';
  assert.equal(problemOf([...where, '--cassandra-user', 'ann']), sentence);
  assert.equal(problemOf(where, { CHATCLUSTER_CASSANDRA_PASSWORD: PASSWORD }), sentence);
});

test('TLS needs an authority, and a certificate its key', () => {
  const ca = ['--cassandra-tls-ca', 'ca.pem'];
  const cert = ['--cassandra-tls-cert', 'cert.pem'];
  const key = ['--cassandra-tls-key', 'key.pem'];
  const withTls = (tls: object) => ({ ...cassandra, keyspace, access: { tls } });
  assert.deepEqual(journalOf([...where, ...ca]), withTls({ ca: 'an authority' }));
  assert.deepEqual(
    journalOf([...where, ...ca, ...cert, ...key]),
    withTls({ ca: 'an authority', cert: 'a certificate', key: 'a key' }),
  );
  for (const given of [cert, key, [...cert, ...key], [...ca, ...cert], [...ca, ...key]]) {
    assert.equal(
      problemOf([...where, ...given]),
      '--cassandra-tls-cert and --cassandra-tls-key go together, and with --cassandra-tls-ca.',
    );
  }
  assert.equal(
    problemOf([...where, '--cassandra-tls-ca', 'none.pem']),
    "The file of --cassandra-tls-ca cannot be read: ENOENT: no such file, open 'none.pem'; it must be a PEM file.",
  );
});

test('a keyspace is replicated by data center', () => {
  const replicate = (text: string) => [...where, '--cassandra-replication', text];
  assert.deepEqual(journalOf(replicate('dc1:3, eu-west.2:1')), {
    ...cassandra,
    keyspace,
    access: { replication: { dc1: 3, 'eu-west.2': 1 } },
  });
  for (const text of ['3', 'dc1', 'dc1:', 'dc1:0', 'dc1:10', 'dc1:1,', 'dc1:1,dc1:2', "d'c:1"]) {
    assert.equal(
      problemOf(replicate(text)),
      `--cassandra-replication is "${text}"; it must be DC:N (1 to 9 replicas), each data center once, several with commas between them.`,
    );
  }
});

test('what is about Cassandra is refused by name where the journal is not there', () => {
  const lmdb = ['--journal', 'lmdb:j'];
  for (const [name, value] of [
    ['cassandra-data-center', 'dc1'],
    ['cassandra-replication', 'dc1:3'],
    ['cassandra-user', 'ann'],
    ['cassandra-tls-ca', 'ca.pem'],
    ['cassandra-tls-cert', 'cert.pem'],
    ['cassandra-tls-key', 'key.pem'],
    ['cassandra-batch-kib', '40'],
  ] as const) {
    assert.equal(
      problemOf([...lmdb, `--${name}`, value]),
      `--${name} is about a journal in Cassandra, and --journal is lmdb:j: change one of them.`,
    );
  }
  // It may be exported for another program.
  assert.deepEqual(journalOf(lmdb, { CHATCLUSTER_CASSANDRA_PASSWORD: PASSWORD }), {
    kind: 'lmdb',
    dir: 'j',
  });
});
