import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, types } from 'cassandra-driver';
import { sleep } from '@chat-cluster/kernel';
import { FakeClient } from './fake-client.ts';
import { ownNames } from './option-names.ts';
import { Session } from './session.ts';

const { responseErrorCodes } = types;
const INSERT = { query: 'INSERT', params: [1] };

function failure(code: number, message = 'planted'): errors.ResponseError {
  return new errors.ResponseError(code, message);
}

test('a write that timed out is written again, with the same statements', async () => {
  const fake = new FakeClient((_, number) => {
    if (number < 3) throw failure(responseErrorCodes.writeTimeout);
    return { rows: [] };
  });
  await fake.settle(fake.session.write([INSERT, INSERT]));
  assert.equal(fake.sent.length, 3);
  assert.deepEqual(fake.sent[2]?.statements, [INSERT, INSERT]);
  assert.equal(fake.sent[2]?.options?.logged, false);
});

test('after three attempts a store that does not answer is unavailable', async () => {
  const fake = new FakeClient(() => {
    throw failure(responseErrorCodes.writeTimeout);
  });
  await assert.rejects(fake.settle(fake.session.write([INSERT])), {
    name: 'JournalError',
    code: 'unavailable',
    retriable: true,
  });
  assert.equal(fake.sent.length, 3);
});

test('who opens the journal says how often and how long a request is tried', async () => {
  const fake = new FakeClient(() => {
    fake.timers.clock.advance(2_000);
    throw failure(responseErrorCodes.writeTimeout);
  });
  const session = fake.openSession({ countMax: 20, withinMs: 10_000 });
  await assert.rejects(fake.settle(session.write([INSERT])), { code: 'unavailable' });
  assert.equal(fake.sent.length, 5);
});

test('who opens the journal says what its user calls its options', async () => {
  const { client, timers } = new FakeClient(() => {
    throw failure(responseErrorCodes.invalid, 'Batch too large');
  });
  const names = { ...ownNames, batchBytesMax: '--batch' };
  const session = new Session({ client, clock: timers.clock, timers, names });
  await assert.rejects(session.write([INSERT, INSERT]), { message: /or lower --batch\.$/ });
});

test('an attempt that took too long is the last one', async () => {
  const fake = new FakeClient(() => {
    fake.timers.clock.advance(4_000);
    throw new errors.OperationTimedOutError('planted');
  });
  await assert.rejects(fake.settle(fake.session.write([INSERT])), { code: 'unavailable' });
  assert.equal(fake.sent.length, 1);
});

test('requests that wait for silent ones fail with them, and are never sent', async () => {
  const fake = new FakeClient(async () => {
    await sleep(fake.timers, 4_000);
    throw new errors.OperationTimedOutError('planted');
  });
  const { session } = fake;
  const writes = Array.from({ length: 100 }, () => session.write([INSERT]));
  const results = await fake.settle(Promise.allSettled(writes));
  for (const result of results) {
    assert.equal(result.status, 'rejected');
    assert.equal((result.reason as { code?: unknown }).code, 'unavailable');
  }
  assert.equal(fake.sent.length, 32);
  assert.ok(fake.timers.clock.monotonicMs() <= 8_000);
});

test('what Cassandra refuses is not tried again', async () => {
  for (const code of [responseErrorCodes.unauthorized, responseErrorCodes.invalid]) {
    const fake = new FakeClient(() => {
      throw failure(code);
    });
    await assert.rejects(fake.settle(fake.session.write([INSERT])), {
      code: 'refused',
      retriable: false,
      message: /planted/,
    });
    assert.equal(fake.sent.length, 1);
  }
});

test('an error that is none of the driver is passed on as it is', async () => {
  const fake = new FakeClient(() => {
    throw new TypeError('planted');
  });
  await assert.rejects(fake.settle(fake.session.write([INSERT])), TypeError);
});

test('a query is read page by page', async () => {
  const fake = new FakeClient(({ options }) =>
    options?.pageState === undefined
      ? { rows: [{ n: 1 }, { n: 2 }], pageState: 'next' }
      : { rows: [{ n: 3 }], pageState: undefined },
  );
  const rows = await fake.session.read<{ n: number }>({ query: 'SELECT', params: [] });
  assert.deepEqual(rows, [{ n: 1 }, { n: 2 }, { n: 3 }]);
  assert.deepEqual(
    fake.sent.map(({ options }) => options?.pageState),
    [undefined, 'next'],
  );
});

test('a call sends a bounded number of requests at once, and answers in order', async () => {
  const fake = new FakeClient();
  const { session } = fake;
  const items = Array.from({ length: 500 }, (_, index) => index);
  const results = await session.forEach(items, async (item) => {
    await session.write([INSERT]);
    return item * 2;
  });
  assert.deepEqual(
    results,
    items.map((item) => item * 2),
  );
  assert.equal(fake.runningMax, 32);
});

test('calls side by side share the bound', async () => {
  const fake = new FakeClient();
  const { session } = fake;
  const items = Array.from({ length: 100 }, (_, index) => index);
  const calls = [1, 2, 3].map(() => session.forEach(items, () => session.write([INSERT])));
  await Promise.all(calls);
  assert.equal(fake.sent.length, 300);
  assert.equal(fake.runningMax, 32);
});

test('after a failure the rest of a call is not sent', async () => {
  const fake = new FakeClient(() => {
    throw failure(responseErrorCodes.unauthorized);
  });
  const { session } = fake;
  const items = Array.from({ length: 500 }, (_, index) => index);
  await assert.rejects(
    session.forEach(items, () => session.write([INSERT])),
    { code: 'refused' },
  );
  await fake.settle(Promise.resolve());
  assert.ok(fake.sent.length <= 64);
});

test('requests of a session that is closed meanwhile fail as closed', async () => {
  const fake = new FakeClient(() => {
    throw new errors.NoHostAvailableError({}, 'planted');
  });
  const { session } = fake;
  const write = session.write([INSERT]);
  await session.close();
  await assert.rejects(fake.settle(write), { code: 'closed' });
});
