import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, systemTimers } from '@chat-cluster/kernel';
import { WorkerProcess } from './worker-process.ts';

test('a question ends when who asked has gone, here and in the process of the worker', async (t) => {
  const worker = await WorkerProcess.start({
    name: 'w',
    module: new URL('scripted-worker.ts', import.meta.url),
    orders: { endpoint: { host: '127.0.0.1', port: 0 }, settings: undefined },
    onMap: () => undefined,
    clock: systemClock,
    timers: systemTimers,
    report: (_level, sentence) => assert.fail(sentence),
  });
  t.after(() => worker.stop());
  const gone = new AbortController();
  const question = { kind: 'message', messageId: 'm', entityId: undefined } as const;
  const explained = worker.explain(question, 3_600_000, gone.signal);
  gone.abort();
  assert.equal((await explained).kind, 'refused');
  const status = await worker.look();
  assert.ok(status.kind === 'status');
  assert.deepEqual(status.troubles, [JSON.stringify(question)]);
  assert.equal((await worker.explain(question, 3_600_000, gone.signal)).kind, 'refused');
  assert.deepEqual(await worker.look(), status, 'Who has gone already asks nobody.');
});
