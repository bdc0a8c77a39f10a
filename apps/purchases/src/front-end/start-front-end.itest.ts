import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { UserService } from '@chat-cluster/contract/purchases';
import { startFrontEnd } from './start-front-end.ts';

test('of many calls on one connection a few are in work at a time, so that a node still hears its heartbeats', async (t) => {
  let inWorkCount = 0;
  let inWorkCountMax = 0;
  const frontEnd = await startFrontEnd({
    address: { host: '127.0.0.1', port: 0 },
    ask: async () => {
      inWorkCount += 1;
      inWorkCountMax = Math.max(inWorkCountMax, inWorkCount);
      await new Promise((resolve) => setTimeout(resolve, 1));
      inWorkCount -= 1;
      return new Uint8Array();
    },
    report: () => undefined,
  });
  t.after(() => frontEnd.close());
  const baseUrl = `http://127.0.0.1:${frontEnd.port}`;
  const client = createClient(UserService, createGrpcTransport({ baseUrl }));
  // Its settings are known to the client from now on.
  await client.userStats({ id: '7' });
  await Promise.all(Array.from({ length: 1_000 }, () => client.userStats({ id: '7' })));
  assert.ok(inWorkCountMax <= 128, `${inWorkCountMax} calls were in work.`);
});
