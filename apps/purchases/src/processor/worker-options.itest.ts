import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { readProcessorConfiguration } from './configuration.ts';
import { workerOptions } from './worker-options.ts';

test('whoever started a processor is told what its Kafka client could not do', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const configuration = readProcessorConfiguration({
    argv: ['--brokers', `127.0.0.1:${port}`],
    env: {},
    readFile: () => '{}',
  });
  assert.ok(configuration.kind === 'settings');
  const told = Promise.withResolvers<readonly [string, string]>();
  const { openLog } = workerOptions(configuration.settings, {
    print: () => assert.fail('Nothing is read.'),
    report: (level, sentence) => told.resolve([level, sentence]),
    onFatal: (error) => told.reject(error),
  });
  const log = openLog();
  const asked = log.admin.describeTopics(['user-events']);
  assert.deepEqual(await told.promise, ['warn', `No connection to 127.0.0.1:${port}.`]);
  await log.close();
  await assert.rejects(asked);
});
