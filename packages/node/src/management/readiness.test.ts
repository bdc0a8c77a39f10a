import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plantedWorker } from './planted-workers.ts';
import { readiness } from './readiness.ts';

const away = 'The journal has been away for 3 s: no answer.';

test('a node is ready when it has started and every worker takes in what it gets', () => {
  assert.deepEqual(readiness([plantedWorker()], true), { ready: true, troubles: [] });
  assert.deepEqual(readiness([plantedWorker()], false), {
    ready: false,
    troubles: ['The node is starting.'],
  });
});

test('a trouble that stops nothing is told, and the node stays ready', () => {
  assert.deepEqual(readiness([plantedWorker({ troubles: [away] })], true), {
    ready: true,
    troubles: [away],
  });
});

test('of several workers each has to be there, and the sentences say whose they are', () => {
  const absent = { kind: 'absent', name: 'b', reason: 'Its process ended by SIGKILL.' } as const;
  assert.deepEqual(readiness([plantedWorker({ troubles: [away] }), absent], true), {
    ready: false,
    troubles: [`a: ${away}`, 'b: Its process ended by SIGKILL.'],
  });
  assert.equal(
    readiness([plantedWorker(), plantedWorker({ isProcessing: false })], true).ready,
    false,
  );
});
