import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, types } from 'cassandra-driver';
import { FakeClient } from './fake-client.ts';
import { readSettleMs } from './settle-time.ts';

function clientWith(settings: Readonly<Record<string, string>>): FakeClient {
  const rows = Object.entries(settings).map(([name, value]) => ({ name, value }));
  return new FakeClient(() => ({ rows }));
}

test('a node that syncs before it acknowledges needs no delay', async () => {
  for (const commitlog_sync of ['batch', 'group']) {
    const fake = clientWith({ commitlog_sync, commitlog_sync_period: '10000ms' });
    assert.equal(await readSettleMs(fake.client), 0);
  }
});

test('a node that syncs periodically needs twice its period', async () => {
  const commitlog_sync = 'periodic';
  for (const [setting, delayMs] of [
    [{ commitlog_sync_period: '10000ms' }, 20_000],
    [{ commitlog_sync_period: '2s' }, 4_000],
    [{ commitlog_sync_period: '1m' }, 120_000],
    [{ commitlog_sync_period_in_ms: '500' }, 1_000],
    [{ commitlog_sync_period: 'soon' }, 20_000],
  ] as const) {
    const fake = clientWith({ commitlog_sync, ...setting });
    assert.equal(await readSettleMs(fake.client), delayMs);
  }
});

test('a node that does not tell its settings is taken for one with the default', async () => {
  const fake = new FakeClient(() => {
    throw new errors.ResponseError(types.responseErrorCodes.invalid, 'unknown table');
  });
  assert.equal(await readSettleMs(fake.client), 20_000);
});

test('a node that does not answer is unavailable', async () => {
  const fake = new FakeClient(() => {
    throw new errors.ResponseError(types.responseErrorCodes.overloaded, 'planted');
  });
  await assert.rejects(readSettleMs(fake.client), { code: 'unavailable' });
});
