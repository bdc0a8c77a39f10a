import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryDurableLog } from '../state-journal/memory-durable-log.ts';
import { createStateJournal } from '../state-journal/state-journal.ts';
import { ITERATIONS_MIN, saltedPassword, scramCredential } from './scram-credential.ts';
import { ScramUsers } from './scram-users.ts';

const MECHANISM = 'SCRAM-SHA-256';

async function open(log: MemoryDurableLog, users = {}): Promise<ScramUsers> {
  const journal = createStateJournal(log, { snapshotBytesMin: 1 });
  const scramUsers = new ScramUsers(journal);
  await journal.open();
  await scramUsers.configure(users, [MECHANISM]);
  return scramUsers;
}

async function credential(password: string, { saltBytes = 26, iterations = 8192 } = {}) {
  const salt = Buffer.alloc(saltBytes, 7);
  const salted = await saltedPassword(MECHANISM, { password, salt, iterations });
  return scramCredential(MECHANISM, { salted, salt, iterations });
}

function shown(scramUsers: ScramUsers, user: string) {
  const { salt, iterations } = scramUsers.credentialOrMock(MECHANISM, user);
  return { salt: salt.toString('base64'), saltBytes: salt.byteLength, iterations };
}

describe('the users of SCRAM', () => {
  test('are there after a restart, and those that were deleted are not', async () => {
    const log = new MemoryDurableLog();
    const before = await open(log);
    const alice = await credential('secret');
    await before.upsert(MECHANISM, 'alice', alice);
    await before.upsert('SCRAM-SHA-512', 'alice', alice);
    await before.upsert(MECHANISM, 'bob', await credential('other'));
    await before.delete(MECHANISM, 'bob');
    await before.upsert(MECHANISM, 'alice', { ...alice, iterations: 4096 });
    const after = await open(log);
    assert.deepEqual(after.names, ['alice']);
    assert.deepEqual(after.credential(MECHANISM, 'alice'), { ...alice, iterations: 4096 });
    assert.deepEqual(after.credential('SCRAM-SHA-512', 'alice'), alice);
    assert.equal(after.credential(MECHANISM, 'bob'), undefined);
  });

  test('have the password of the options, whatever was altered', async () => {
    const log = new MemoryDurableLog();
    await (await open(log)).upsert(MECHANISM, 'alice', await credential('altered'));
    const users = await open(log, { alice: 'configured' });
    const { salt, iterations, storedKey } = users.credentialOrMock(MECHANISM, 'alice');
    const salted = await saltedPassword(MECHANISM, { password: 'configured', salt, iterations });
    assert.deepEqual(storedKey, scramCredential(MECHANISM, { salted, salt, iterations }).storedKey);
    assert.equal(users.isConfigured('alice'), true);
    assert.equal(users.isConfigured('bob'), false);
  });

  test('do not look different from those that do not exist, over restarts', async () => {
    const log = new MemoryDurableLog();
    const first = await open(log, { alice: 'secret' });
    const asked = [shown(first, 'alice'), shown(first, 'nobody')];
    assert.deepEqual(
      asked.map(({ saltBytes, iterations }) => ({ saltBytes, iterations })),
      [1, 2].map(() => ({ saltBytes: 24, iterations: ITERATIONS_MIN })),
    );
    assert.notEqual(asked[0]?.salt, asked[1]?.salt);
    const second = await open(log, { alice: 'secret' });
    assert.deepEqual([shown(second, 'alice'), shown(second, 'nobody')], asked);
  });

  test('do not look different either when a client made them', async () => {
    const users = await open(new MemoryDurableLog());
    await users.upsert(MECHANISM, 'alice', await credential('secret'));
    const { saltBytes, iterations } = shown(users, 'nobody');
    assert.deepEqual({ saltBytes, iterations }, { saltBytes: 26, iterations: 8192 });
  });

  test('that do not exist have no keys that anybody could know', async () => {
    const users = await open(new MemoryDurableLog());
    const [one, other] = [1, 2].map(() => users.credentialOrMock(MECHANISM, 'nobody'));
    assert.deepEqual(one?.salt, other?.salt);
    assert.notDeepEqual(one?.storedKey, other?.storedKey);
  });
});
