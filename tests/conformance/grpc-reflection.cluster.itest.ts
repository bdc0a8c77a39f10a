import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { startBroker } from '@chat-cluster/broker';
import { within } from '../crash/within.ts';
import { Processor } from '../purchases/purchases-cluster.ts';
import { purchaseOf, sendValues } from '../purchases/topic-totals.ts';

const NODE_PORT = 19_751;
const PYTHON = join(import.meta.dirname, '../../.venv/bin/python');
const SCRIPT = join(import.meta.dirname, 'grpc_reflection_client.py');
const run = promisify(execFile);

const dir = mkdtempSync(join(tmpdir(), 'grpc-reflection-'));
after(() => rmSync(dir, { recursive: true }));

test("gRPC's own client finds UserService by reflection, and calls it", async (t) => {
  const broker = await startBroker({ dataDir: join(dir, 'broker') });
  t.after(() => broker.close());
  const processor = await Processor.start({
    kafkaPort: broker.port,
    journal: `lmdb:${join(dir, 'journal')}`,
    nodePort: NODE_PORT,
    args: ['--partitions', '4', '--quiet'],
  });
  await using _processor = processor.program;
  await sendValues(broker.port, [purchaseOf(1_000), purchaseOf(2_096)]);
  await within(30_000, async () => {
    const totals = (await processor.totalsOf(['7'])).get('7');
    return totals === '2 for 3096p' ? undefined : `User 7 has ${totals}.`;
  });
  const { stdout } = await run(PYTHON, [SCRIPT, `127.0.0.1:${processor.frontEndPort}`, '7', '']);
  assert.deepEqual(JSON.parse(stdout), {
    services: [
      'UserService',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ],
    methods: { UserStats: [{ id: 1 }, { id: 1, totalPurchases: 2, totalPrice: 3 }] },
    answers: [
      // int64 is a text in JSON.
      { id: '7', totalPurchases: '2', totalPrice: '3096' },
      { code: 'INVALID_ARGUMENT', sentence: 'The id is empty; it must be that of a user.' },
    ],
  });
});
